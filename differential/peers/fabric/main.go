// Makes a file of blocks of Hyperledger Fabric, and checks its signatures as a peer does, with Go's crypto/ecdsa.
//
//	fabric make FILE TRANSACTIONS   writes a file of blocks, as a peer keeps them, of so many transactions, and beside it
//	                                FILE.identities with the signers, each in hexadecimal digits on a line
//	fabric serve FILE               checks every signature of the file for each line of standard input, and answers with
//	                                how many hold and the processor time in nanoseconds
//
// A transaction has the signature of its creator and those of three endorsers, a block that of an orderer. Keys are parsed once for an
// identity, which the cache of a peer's MSP does as well; a check is SHA-256, the DER of the signature, the test for a low s
// and ecdsa.Verify, as in bccsp/sw. Nothing else is inside of the clock.
package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"strconv"
	"syscall"
	"time"
)

const (
	perBlock  = 500
	endorsers = 3
	clients   = 30
	orderers  = 4
)

// Protobuf.

func field(number int, value []byte) []byte {
	out := binary.AppendUvarint(nil, uint64(number)<<3|2)
	out = binary.AppendUvarint(out, uint64(len(value)))
	return append(out, value...)
}

func number(number int, value uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(number)<<3), value)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// fields gives the byte strings of a message by their numbers.
func fields(message []byte) (map[int][][]byte, error) {
	found := map[int][][]byte{}
	for len(message) > 0 {
		tag, n := binary.Uvarint(message)
		if n <= 0 {
			return nil, errors.New("no tag")
		}
		message = message[n:]
		value, n := binary.Uvarint(message)
		if n <= 0 {
			return nil, errors.New("no varint")
		}
		message = message[n:]
		switch tag & 7 {
		case 0:
		case 2:
			if value > uint64(len(message)) {
				return nil, errors.New("a length that nothing backs")
			}
			found[int(tag>>3)] = append(found[int(tag>>3)], message[:value])
			message = message[value:]
		default:
			return nil, errors.New("another wire type")
		}
	}
	return found, nil
}

// path follows fields of one occurrence each.
func path(message []byte, numbers ...int) []byte {
	for _, number := range numbers {
		of, err := fields(message)
		if err != nil || len(of[number]) == 0 {
			fail(fmt.Errorf("field %d: %v", number, err))
		}
		message = of[number][0]
	}
	return message
}

// Signers.

type signer struct {
	key      *ecdsa.PrivateKey
	identity []byte
}

var halfOrder = new(big.Int).Rsh(elliptic.P256().Params().N, 1)

type signature struct{ R, S *big.Int }

func (s *signer) sign(parts ...[]byte) []byte {
	digest := sha256.Sum256(join(parts...))
	r, v, err := ecdsa.Sign(rand.Reader, s.key, digest[:])
	check(err)
	if v.Cmp(halfOrder) > 0 {
		v.Sub(elliptic.P256().Params().N, v)
	}
	der, err := asn1.Marshal(signature{r, v})
	check(err)
	return der
}

// organization makes an MSP with so many members.
func organization(name string, members int) []*signer {
	ca, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	template := func(name string, serial int64) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(serial),
			Subject:      pkix.Name{CommonName: name},
			NotBefore:    time.Unix(1_700_000_000, 0),
			NotAfter:     time.Unix(2_000_000_000, 0),
		}
	}
	root := template("ca."+name, 1)
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign
	var all []*signer
	for i := 0; i < members; i++ {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		check(err)
		leaf := template(fmt.Sprintf("member%d.%s", i, name), int64(i)+2)
		leaf.KeyUsage = x509.KeyUsageDigitalSignature
		der, err := x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, ca)
		check(err)
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		all = append(all, &signer{key, join(field(1, []byte(name)), field(2, text))})
	}
	return all
}

// Blocks.

func transaction(at int, creator *signer, peers []*signer) []byte {
	nonce := sha256.Sum256([]byte(fmt.Sprintf("nonce %d", at)))
	header := join(field(1, creator.identity), field(2, nonce[:24]))
	id := sha256.Sum256(join(nonce[:24], creator.identity))
	channel := join(
		number(1, 3),
		field(3, join(number(1, 1_750_000_000), number(2, uint64(at)))),
		field(4, []byte("fleet")),
		field(5, []byte(hex.EncodeToString(id[:]))),
	)
	proposal := field(1, []byte(fmt.Sprintf(`{"device":"sensor-%06d","celsius":21.5,"sequence":%d}`, at%1000, at)))
	hash := sha256.Sum256(join(channel, header, proposal))
	writes := sha256.Sum256(hash[:])
	action := join(
		field(1, bytes.Repeat(writes[:], 8)),
		field(3, number(1, 200)),
		field(4, join(field(2, []byte("readings")), field(3, []byte("1.0")))),
	)
	response := join(field(1, hash[:]), field(2, action))
	endorsed := field(1, response)
	for _, peer := range peers {
		endorsed = append(endorsed, field(2, join(field(1, peer.identity), field(2, peer.sign(response, peer.identity))))...)
	}
	payload := join(field(1, proposal), field(2, endorsed))
	whole := field(1, join(field(1, header), field(2, payload)))
	signed := join(field(1, join(field(1, channel), field(2, header))), field(2, whole))
	return join(field(1, signed), field(2, creator.sign(signed)))
}

func blockHeader(number uint64, previous, data []byte) []byte {
	der, err := asn1.Marshal(struct {
		Number         *big.Int
		Previous, Data []byte
	}{new(big.Int).SetUint64(number), previous, data})
	check(err)
	return der
}

func makeFile(name string, count int) {
	var peers []*signer
	for i := 0; i < endorsers; i++ {
		peers = append(peers, organization(fmt.Sprintf("Org%dMSP", i+1), 1)...)
	}
	creators, ordering := organization("ClientsMSP", clients), organization("OrdererMSP", orderers)
	previous := make([]byte, 32)
	var file []byte
	for at, height := 0, uint64(1); at < count; height++ {
		var envelopes [][]byte
		for ; at < count && len(envelopes) < perBlock; at++ {
			envelopes = append(envelopes, transaction(at, creators[at%clients], peers))
		}
		data := sha256.Sum256(join(envelopes...))
		header := blockHeader(height, previous, data[:])
		orderer := ordering[height%orderers]
		value := field(1, number(1, height))
		own := join(field(1, orderer.identity), field(2, data[:24]))
		signed := join(field(1, own), field(2, orderer.sign(value, own, header)))
		metadata := join(field(1, value), field(2, signed))
		block := binary.AppendUvarint(nil, height)
		for _, hash := range [][]byte{data[:], previous} {
			block = append(binary.AppendUvarint(block, uint64(len(hash))), hash...)
		}
		for _, list := range [][][]byte{envelopes, {metadata, nil, nil, nil, nil}} {
			block = binary.AppendUvarint(block, uint64(len(list)))
			for _, entry := range list {
				block = append(binary.AppendUvarint(block, uint64(len(entry))), entry...)
			}
		}
		file = append(binary.AppendUvarint(file, uint64(len(block))), block...)
		next := sha256.Sum256(header)
		previous = next[:]
	}
	check(os.WriteFile(name, file, 0o644))
	var identities []byte
	for _, signers := range [][]*signer{peers, creators, ordering} {
		for _, signer := range signers {
			identities = append(append(identities, hex.EncodeToString(signer.identity)...), '\n')
		}
	}
	check(os.WriteFile(name+".identities", identities, 0o644))
}

// Checks.

type oneCheck struct {
	key       *ecdsa.PublicKey
	message   [][]byte
	signature []byte
}

type checks struct {
	keys map[string]*ecdsa.PublicKey
	all  []oneCheck
}

func (c *checks) add(identity, signature []byte, message ...[]byte) {
	key := c.keys[string(identity)]
	if key == nil {
		block, _ := pem.Decode(path(identity, 2))
		certificate, err := x509.ParseCertificate(block.Bytes)
		check(err)
		key = certificate.PublicKey.(*ecdsa.PublicKey)
		c.keys[string(identity)] = key
	}
	c.all = append(c.all, oneCheck{key, message, signature})
}

func read(name string) *checks {
	file, err := os.ReadFile(name)
	check(err)
	take := func(from *[]byte) []byte {
		length, n := binary.Uvarint(*from)
		taken := (*from)[n : n+int(length)]
		*from = (*from)[n+int(length):]
		return taken
	}
	count := func(from *[]byte) uint64 {
		value, n := binary.Uvarint(*from)
		*from = (*from)[n:]
		return value
	}
	all := &checks{keys: map[string]*ecdsa.PublicKey{}}
	for len(file) > 0 {
		block := take(&file)
		height := count(&block)
		data, previous := take(&block), take(&block)
		header := blockHeader(height, previous, data)
		for left := count(&block); left > 0; left-- {
			envelope := take(&block)
			payload := path(envelope, 1)
			all.add(path(payload, 1, 2, 1), path(envelope, 2), payload)
			endorsed := path(payload, 2, 1, 2, 2)
			response := path(endorsed, 1)
			of, err := fields(endorsed)
			check(err)
			for _, endorsement := range of[2] {
				identity := path(endorsement, 1)
				all.add(identity, path(endorsement, 2), response, identity)
			}
		}
		count(&block)
		metadata := take(&block)
		own := path(metadata, 2, 1)
		all.add(path(own, 1), path(metadata, 2, 2), path(metadata, 1), own, header)
		for len(block) > 0 {
			take(&block)
		}
	}
	return all
}

// holds checks a signature as bccsp/sw does.
func (c *oneCheck) holds() bool {
	hash := sha256.New()
	for _, part := range c.message {
		hash.Write(part)
	}
	var of signature
	if _, err := asn1.Unmarshal(c.signature, &of); err != nil || of.R.Sign() <= 0 || of.S.Sign() <= 0 {
		return false
	}
	return of.S.Cmp(halfOrder) <= 0 && ecdsa.Verify(c.key, hash.Sum(nil), of.R, of.S)
}

// processorTime is that of the whole process, in nanoseconds.
func processorTime() int64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return usage.Utime.Nano() + usage.Stime.Nano()
}

func serve(name string) {
	all := read(name)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		begin, valid := processorTime(), 0
		for i := range all.all {
			if all.all[i].holds() {
				valid++
			}
		}
		fmt.Println(valid, processorTime()-begin)
	}
}

func check(err error) {
	if err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "fabric:", err)
	os.Exit(1)
}

func main() {
	switch {
	case len(os.Args) == 4 && os.Args[1] == "make":
		count, err := strconv.Atoi(os.Args[3])
		check(err)
		makeFile(os.Args[2], count)
	case len(os.Args) == 3 && os.Args[1] == "serve":
		serve(os.Args[2])
	default:
		fmt.Fprintln(os.Stderr, "usage: fabric make FILE TRANSACTIONS | fabric serve FILE")
		os.Exit(2)
	}
}
