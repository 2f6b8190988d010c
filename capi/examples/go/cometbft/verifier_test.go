package cometbft

import (
	"crypto/ed25519"
	"encoding/binary"
	"sync"
	"testing"

	"sigwarp.example/sigwarp"
)

// batchVerifier is CometBFT's interface, with this package's PubKey.
type batchVerifier interface {
	Add(key PubKey, message, signature []byte) error
	Verify() (bool, []bool)
}

var _ batchVerifier = (*BatchVerifier)(nil)

type key struct {
	bytes []byte
	kind  string
}

func (k key) Bytes() []byte { return k.bytes }
func (k key) Type() string  { return k.kind }

func signer(seed byte) ed25519.PrivateKey {
	bytes := make([]byte, ed25519.SeedSize)
	bytes[3] = seed
	return ed25519.NewKeyFromSeed(bytes)
}

func public(private ed25519.PrivateKey) key {
	return key{private.Public().(ed25519.PublicKey), keyType}
}

func start(t *testing.T) *Verifiers {
	t.Helper()
	verifiers, err := NewVerifiers(sigwarp.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := verifiers.Close(); err != nil {
			t.Error(err)
		}
	})
	return verifiers
}

// add fills a verifier with items of which those in bad have another message than was signed.
func add(t *testing.T, verifier *BatchVerifier, items int, bad map[int]bool) {
	t.Helper()
	for i := 0; i < items; i++ {
		private := signer(byte(i % 11))
		message := binary.BigEndian.AppendUint64([]byte("vote"), uint64(i))
		signature := ed25519.Sign(private, message)
		if bad[i] {
			message[0] ^= 1
		}
		if err := verifier.Add(public(private), message, signature); err != nil {
			t.Fatal(err)
		}
	}
}

func TestVerdictsAreInTheOrderOfAdding(t *testing.T) {
	verifiers := start(t)
	for _, registered := range []bool{false, true} {
		if registered {
			var keys []PubKey
			for seed := 0; seed < 11; seed++ {
				keys = append(keys, public(signer(byte(seed))))
			}
			if err := verifiers.Register(keys); err != nil {
				t.Fatal(err)
			}
		}
		for _, items := range []int{1, 2, 7, 8, 9, 64, 300} {
			for _, bad := range []map[int]bool{{}, {0: true}, {items - 1: true}, {0: true, items / 2: true}} {
				verifier := verifiers.New()
				add(t, verifier, items, bad)
				all, valid := verifier.Verify()
				if all != (len(bad) == 0) || len(valid) != items || verifier.Err() != nil {
					t.Fatalf("%d items, %v bad: %v, %d, %v", items, bad, all, len(valid), verifier.Err())
				}
				for i := range valid {
					if valid[i] == bad[i] {
						t.Fatalf("%d items, %v bad: item %d is %v", items, bad, i, valid[i])
					}
				}
			}
		}
	}
}

func TestWhatCannotBeASignatureIsRefused(t *testing.T) {
	verifier := start(t).New()
	private := signer(1)
	signature := ed25519.Sign(private, nil)
	if err := verifier.Add(key{public(private).bytes, "secp256k1"}, nil, signature); err == nil {
		t.Error("a key of another type was added")
	}
	if err := verifier.Add(key{make([]byte, 31), keyType}, nil, signature); err == nil {
		t.Error("a short key was added")
	}
	if err := verifier.Add(public(private), nil, signature[:63]); err != ErrInvalidSignature {
		t.Error("a short signature was added:", err)
	}
	if all, valid := verifier.Verify(); all || valid != nil || verifier.Err() != nil {
		t.Error("an empty batch is not (false, nil):", all, valid, verifier.Err())
	}
}

// The key and R are the identity, and S is 0: valid under zip215, whatever the message, and small under strict rules.
func TestTheRuleIsZip215ForOneAndForMany(t *testing.T) {
	verifiers := start(t)
	identity := make([]byte, 32)
	identity[0] = 1
	signature := append(append([]byte{}, identity...), make([]byte, 32)...)
	for _, items := range []int{1, 2, 40} {
		verifier := verifiers.New()
		for i := 0; i < items; i++ {
			if err := verifier.Add(key{identity, keyType}, []byte{byte(i)}, signature); err != nil {
				t.Fatal(err)
			}
		}
		if all, _ := verifier.Verify(); !all {
			t.Errorf("%d items of small order are invalid", items)
		}
	}
}

func TestAnErrorOfTheEngineNamesNoSignature(t *testing.T) {
	verifiers, err := NewVerifiers(sigwarp.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	verifier := verifiers.New()
	add(t, verifier, 5, nil)
	if err := verifiers.Close(); err != nil {
		t.Fatal(err)
	}
	if all, valid := verifier.Verify(); all || valid != nil || verifier.Err() == nil {
		t.Error("a closed engine gave verdicts:", all, valid, verifier.Err())
	}
}

func TestVerifiersOfManyGoroutinesShareAnEngine(t *testing.T) {
	verifiers := start(t)
	var group sync.WaitGroup
	for worker := 0; worker < 8; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			for round := 0; round < 10; round++ {
				verifier := verifiers.New()
				bad := (worker + round) % 20
				add(t, verifier, 20, map[int]bool{bad: true})
				_, valid := verifier.Verify()
				for i := range valid {
					if valid[i] == (i == bad) {
						t.Errorf("worker %d, round %d: item %d is %v", worker, round, i, valid[i])
					}
				}
			}
		}(worker)
	}
	group.Wait()
}
