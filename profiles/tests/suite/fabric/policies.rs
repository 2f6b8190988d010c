//! Members of MSPs, and what policies make of their signatures.

use sha2::{Digest, Sha256};
use sigwarp_profiles::fabric::{Context, Fabric, Kind, Msp, NodeOus, Policy};
use sigwarp_profiles::{Fields, Profile};

use super::maker::{
    Made, Signing, Transaction, block, field, header, number, of, pem, policy, revocation, role, signed_by,
};
use super::traps::{judge, said};

/// The keys of the roots of two organizations.
const ROOTS: [u8; 2] = [100, 101];
const MSPS: [&str; 2] = ["Org1", "Org2"];

const MEMBER: u8 = 0;
const ADMIN: u8 = 1;
const CLIENT: u8 = 2;
const PEER: u8 = 3;

fn msp(place: usize) -> Msp {
    let root = Made::ca(ROOTS[place], ROOTS[place]).der();
    Msp { id: MSPS[place].to_owned(), roots: vec![root], ..Msp::default() }
}

/// A member of an organization.
fn member(place: usize, key: u8) -> Signing {
    (key, Made::member(key, ROOTS[place]).identity(MSPS[place]))
}

fn context(msps: impl IntoIterator<Item = Msp>) -> Context {
    Context::new(Kind::Envelope).with_msps(msps).expect("MSPs")
}

fn parsed(bytes: &[u8]) -> Policy {
    Policy::parse(bytes).expect("a policy")
}

/// What a policy, for all chaincodes, makes of endorsers.
fn endorsed(msps: &[Msp], bytes: &[u8], transaction: &Transaction) -> String {
    let context = context(msps.to_vec()).with_endorsement_policy(None, parsed(bytes));
    said(&judge(&transaction.envelope(), &context))
}

fn transaction(endorsers: &[Signing]) -> Transaction {
    Transaction::new(member(0, 1), endorsers)
}

/// n of the members of both organizations.
fn of_both(n: u8) -> Vec<u8> {
    policy(n, &[signed_by(0), signed_by(1)], &[role(MSPS[0], MEMBER), role(MSPS[1], MEMBER)])
}

const FAILED: &str = "invalid ENDORSEMENT_POLICY_FAILURE";

#[test]
fn policies_decide_what_would_be_undecided() {
    let msps = [msp(0), msp(1)];
    let both = transaction(&[member(0, 2), member(1, 3)]);
    let one_is_wrong = Transaction { wrong: vec![1], ..both.clone() };
    assert_eq!(endorsed(&msps, &of_both(2), &both), "valid");
    assert_eq!(endorsed(&msps, &of_both(2), &one_is_wrong), FAILED);
    assert_eq!(endorsed(&msps, &of_both(1), &one_is_wrong), "valid");
    assert_eq!(endorsed(&msps, &of_both(0), &transaction(&[])), "valid");
    assert_eq!(endorsed(&msps, &of_both(1), &transaction(&[])), FAILED);
    let without = context(msps.to_vec());
    assert_eq!(said(&judge(&one_is_wrong.envelope(), &without)), "undecided EndorsementPolicy");
    // A policy says nothing without MSPs.
    let alone = Context::new(Kind::Envelope).with_endorsement_policy(None, parsed(&of_both(1)));
    assert_eq!(said(&judge(&one_is_wrong.envelope(), &alone)), "undecided EndorsementPolicy");
}

#[test]
fn identities_of_unknown_msps_and_none_at_all_are_left_out() {
    let nobody = (9, b"nobody".to_vec());
    let both = transaction(&[nobody, member(1, 3), member(0, 2)]);
    assert_eq!(endorsed(&[msp(0), msp(1)], &of_both(2), &both), "valid");
    assert_eq!(endorsed(&[msp(0)], &of_both(2), &both), FAILED);
    assert_eq!(endorsed(&[msp(0)], &of_both(1), &both), "valid");
}

#[test]
fn each_identity_counts_once() {
    let two_of_one = policy(2, &[signed_by(0), signed_by(0)], &[role(MSPS[0], MEMBER)]);
    let same = transaction(&[member(0, 2), member(0, 2)]);
    assert_eq!(endorsed(&[msp(0)], &two_of_one, &same), FAILED);
    let different = transaction(&[member(0, 2), member(0, 3)]);
    assert_eq!(endorsed(&[msp(0)], &two_of_one, &different), "valid");
    // A signature that fails does not use up its signer.
    let wrong_first =
        Transaction { wrong: vec![0], ..transaction(&[member(0, 2), member(0, 2), member(0, 3)]) };
    assert_eq!(endorsed(&[msp(0)], &two_of_one, &wrong_first), "valid");
}

/// Rules take identities in their order, without looking for an assignment that would satisfy all.
#[test]
fn rules_take_the_first_identity_that_satisfies_them() {
    let exact = field(2, &member(0, 2).1);
    let exact = [number(1, 2), exact].concat();
    let principals = [role(MSPS[0], MEMBER), exact];
    let both = transaction(&[member(0, 2), member(0, 3)]);
    let greedy = policy(2, &[signed_by(0), signed_by(1)], &principals);
    assert_eq!(endorsed(&[msp(0)], &greedy, &both), FAILED);
    let exact_first = policy(2, &[signed_by(1), signed_by(0)], &principals);
    assert_eq!(endorsed(&[msp(0)], &exact_first, &both), "valid");
    // A gate that fails gives back what it has taken.
    let gate = of(2, &[signed_by(1), signed_by(1)]);
    let gated = policy(1, &[gate.clone(), signed_by(1)], &principals);
    assert_eq!(endorsed(&[msp(0)], &gated, &both), "valid");
    // One that is satisfied is evaluated to its end, and takes more than it needs.
    let wasteful = of(1, &[signed_by(0), signed_by(0)]);
    let wasted = policy(2, &[wasteful, signed_by(0)], &principals);
    assert_eq!(endorsed(&[msp(0)], &wasted, &both), FAILED);
}

#[test]
fn every_chaincode_that_is_written_to_has_its_say() {
    let endorsers = [member(0, 2)];
    let context = context([msp(0), msp(1)])
        .with_endorsement_policy(Some("cc"), parsed(&of_both(1)))
        .with_endorsement_policy(Some("strict"), parsed(&of_both(2)));
    let verdict = |writes: &[&'static str]| {
        let transaction = Transaction { writes: writes.to_vec(), ..transaction(&endorsers) };
        said(&judge(&transaction.envelope(), &context))
    };
    assert_eq!(verdict(&[]), "valid");
    assert_eq!(verdict(&["cc"]), "valid");
    assert_eq!(verdict(&["cc", "strict"]), FAILED);
    assert_eq!(verdict(&["cc", "other"]), "undecided EndorsementPolicy");
}

#[test]
fn anchored_says_whether_all_signers_are_members() {
    let anchored = |msps: &[Msp], transaction: &Transaction| {
        let report = judge(&transaction.envelope(), &context(msps.to_vec()));
        assert_eq!(said(&report), "valid");
        report.anchored
    };
    let both = transaction(&[member(0, 2), member(1, 3)]);
    assert_eq!(anchored(&[msp(0), msp(1)], &both), Some(true));
    assert_eq!(anchored(&[msp(0)], &both), Some(false));
    assert_eq!(anchored(&[], &both), None);
    // A certificate that names another organization's root.
    let foreign = transaction(&[(2, Made::member(2, ROOTS[1]).identity(MSPS[0]))]);
    assert_eq!(anchored(&[msp(0), msp(1)], &foreign), Some(false));
}

/// Whether one endorser satisfies the principal of a role of its organization.
fn is(msp: Msp, endorser: Signing, role_of: u8) -> bool {
    let policy = policy(1, &[signed_by(0)], &[role(MSPS[0], role_of)]);
    endorsed(&[msp], &policy, &transaction(&[endorser])) == "valid"
}

#[test]
fn intermediates_and_who_may_issue_identities() {
    let with = Msp { intermediates: vec![Made::ca(110, ROOTS[0]).der()], ..msp(0) };
    let below = (2, Made::member(2, 110).identity(MSPS[0]));
    assert!(is(with.clone(), below.clone(), MEMBER));
    assert!(!is(msp(0), below, MEMBER));
    // A root with a CA below it issues no identities.
    assert!(is(msp(0), member(0, 2), MEMBER) && !is(with, member(0, 2), MEMBER));
    // A CA is no member.
    let ca = Made { is_ca: true, ..Made::member(2, ROOTS[0]) };
    assert!(!is(msp(0), (2, ca.identity(MSPS[0])), MEMBER));
    // An intermediate that nobody has signed leads nowhere.
    let lost = Msp { intermediates: vec![Made::ca(110, 111).der()], ..msp(0) };
    assert!(!is(lost, (2, Made::member(2, 110).identity(MSPS[0])), MEMBER));
}

#[test]
fn revoked_members_are_none() {
    let with = |list: Vec<u8>| Msp { revocations: vec![list], ..msp(0) };
    assert!(!is(with(revocation(ROOTS[0], 2, ROOTS[0])), member(0, 2), MEMBER));
    assert!(is(with(revocation(ROOTS[0], 3, ROOTS[0])), member(0, 2), MEMBER));
    // Lists of others, and lists that the CA has not signed, are skipped.
    assert!(is(with(revocation(ROOTS[1], 2, ROOTS[0])), member(0, 2), MEMBER));
    assert!(is(with(revocation(ROOTS[0], 2, ROOTS[1])), member(0, 2), MEMBER));
}

#[test]
fn units_tell_roles_apart() {
    let text = |unit: &str| Some(unit.to_owned());
    let ous = NodeOus { client: text("client"), peer: text("peer"), admin: text("admin"), orderer: None };
    let with = Msp { node_ous: Some(ous), ..msp(0) };
    let in_unit = |unit| (2, Made::member(2, ROOTS[0]).in_unit(unit).identity(MSPS[0]));
    assert!(is(with.clone(), in_unit("peer"), PEER) && is(with.clone(), in_unit("peer"), MEMBER));
    assert!(!is(with.clone(), in_unit("peer"), CLIENT) && is(with.clone(), in_unit("client"), CLIENT));
    assert!(is(with.clone(), in_unit("admin"), ADMIN));
    // Whoever has no role is no member then.
    assert!(!is(with.clone(), in_unit("sales"), MEMBER) && !is(with.clone(), member(0, 2), MEMBER));
    // Without units only administrators are told apart, by name.
    assert!(!is(msp(0), in_unit("peer"), PEER) && !is(msp(0), in_unit("admin"), ADMIN));
    let named = Msp { admins: vec![Made::member(2, ROOTS[0]).der()], ..msp(0) };
    assert!(is(named.clone(), member(0, 2), ADMIN) && !is(named, member(0, 3), ADMIN));
}

#[test]
fn principals_of_units_name_their_chain() {
    let root = Made::ca(ROOTS[0], ROOTS[0]).der();
    let principal = |certifiers: &[u8]| {
        let unit = [field(1, b"Org1"), field(2, b"sales"), field(3, certifiers)].concat();
        policy(1, &[signed_by(0)], &[[number(1, 1), field(2, &unit)].concat()])
    };
    let seller = transaction(&[(2, Made::member(2, ROOTS[0]).in_unit("sales").identity("Org1"))]);
    assert_eq!(endorsed(&[msp(0)], &principal(&Sha256::digest(&root)), &seller), "valid");
    assert_eq!(endorsed(&[msp(0)], &principal(&[]), &seller), FAILED);
}

#[test]
fn policies_that_fabric_does_not_take_are_refused() {
    let principals = [role(MSPS[0], MEMBER)];
    for bad in [
        Vec::new(),
        policy(1, &[signed_by(1)], &principals),
        [number(1, 1), policy(1, &[signed_by(0)], &principals)].concat(),
        (0..40).fold(policy(1, &[signed_by(0)], &principals), |_, depth| {
            let rule = (0..depth).fold(signed_by(0), |rule, _| of(1, &[rule]));
            policy(1, &[rule], &principals)
        }),
    ] {
        assert!(Policy::parse(&bad).is_err(), "{}", hex::encode(bad));
    }
}

#[test]
fn the_policy_of_the_channel_decides_blocks() {
    let envelopes = [transaction(&[member(0, 2)]).envelope()];
    let orderers = [(4, header(&member(0, 4).1)), (9, header(&member(0, 5).1))];
    let record = block(&envelopes, &orderers);
    let policy = |n| policy(n, &[signed_by(0), signed_by(0)], &[role(MSPS[0], MEMBER)]);
    let with = |n| {
        let context = Context::new(Kind::Block).with_msps([msp(0)]).expect("MSPs");
        said(&judge(&record, &context.with_block_policy(parsed(&policy(n)))))
    };
    assert_eq!(said(&judge(&record, &Context::new(Kind::Block))), "undecided BlockValidationPolicy");
    assert_eq!(with(1), "valid");
    assert_eq!(with(2), "invalid BlockValidationPolicy");
}

#[test]
fn a_context_is_read_from_fields() {
    let root = pem(&Made::ca(ROOTS[0], ROOTS[0]).der());
    let digits = hex::encode(of_both(1));
    let context = |extra: &str| {
        let text = format!(
            r#"{{"kind": "envelope", "msps": {{"Org1": {{"roots": [{root:?}], "node_ous": {{"peer": "peer"}}{extra}}}}},
                 "endorsement_policy": "{digits}", "endorsement_policies": {{"cc": "{digits}"}}}}"#
        );
        Fabric.context(&Fields::from_json(text.as_bytes()).expect("JSON"))
    };
    let endorser = (2, Made::member(2, ROOTS[0]).in_unit("peer").identity(MSPS[0]));
    let report = judge(&transaction(&[endorser]).envelope(), &context("").expect("a context"));
    assert_eq!(said(&report), "valid");
    assert!(context(r#", "root": []"#).is_err());
    assert!(context(r#", "intermediates": ["00"]"#).is_err());
    let none = Fields::from_json(br#"{"consenters": {}}"#).expect("JSON");
    assert_eq!(Fabric.context(&none).expect_err("no kind").to_string(), "the field \"kind\" is missing");
}
