// Package cometbft is a batch verifier in the shape that CometBFT publishes (crypto.BatchVerifier): Add an item, then
// Verify gives whether all are valid, and a list. The rule is zip215, as in CometBFT's own single and batch verifiers.
package cometbft

import (
	"errors"
	"fmt"

	"sigwarp.example/sigwarp"
)

// PubKey is what a batch verifier uses of CometBFT's crypto.PubKey, which satisfies it.
type PubKey interface {
	Bytes() []byte
	Type() string
}

const (
	keyType         = "ed25519"
	keyLength       = 32
	signatureLength = 64
)

// ErrInvalidSignature is a signature of a wrong length, which Add refuses as CometBFT's verifier does.
var ErrInvalidSignature = errors.New("invalid signature")

// Verifiers makes batch verifiers over one engine. Make one for the process.
type Verifiers struct {
	engine *sigwarp.Engine
	suite  *sigwarp.Suite
}

// NewVerifiers starts an engine.
func NewVerifiers(options sigwarp.Options) (*Verifiers, error) {
	engine, err := sigwarp.NewEngine(options)
	if err != nil {
		return nil, err
	}
	suite, err := sigwarp.NewSuite(keyType, "zip215", "")
	if err != nil {
		engine.Close()
		return nil, err
	}
	return &Verifiers{engine, suite}, nil
}

// Register makes tables of a validator set's keys: their votes are then verified several times faster.
func (v *Verifiers) Register(keys []PubKey) error {
	bytes := make([][]byte, len(keys))
	for i, key := range keys {
		bytes[i] = key.Bytes()
	}
	statuses, err := v.engine.Register(v.suite, bytes)
	for i, status := range statuses {
		if status != sigwarp.KeyRegistered {
			return fmt.Errorf("validator %d: its key is refused: %s", i, status)
		}
	}
	return err
}

// Close frees the engine.
func (v *Verifiers) Close() error {
	if err := v.engine.Close(); err != nil {
		return err
	}
	return v.suite.Close()
}

// New is a verifier for one commit.
func (v *Verifiers) New() *BatchVerifier { return &BatchVerifier{verifiers: v} }

// BatchVerifier collects the signatures of a commit. Not for several goroutines at once.
type BatchVerifier struct {
	verifiers *Verifiers
	batch     sigwarp.Batch
	err       error
}

// Add appends an item. The error says that it can be no Ed25519 signature; it is not appended then.
func (b *BatchVerifier) Add(key PubKey, message, signature []byte) error {
	if key.Type() != keyType {
		return fmt.Errorf("pubkey is not Ed25519: %s", key.Type())
	}
	bytes := key.Bytes()
	if len(bytes) != keyLength {
		return fmt.Errorf("pubkey size is incorrect; expected: %d, got %d", keyLength, len(bytes))
	}
	if len(signature) != signatureLength {
		return ErrInvalidSignature
	}
	b.batch.Add(bytes, message, signature)
	return nil
}

// Verify gives whether every signature is valid, and for each whether it is, in the order in which they were added. An
// empty batch is (false, nil), as there.
//
// The published shape has no place for an error of the engine, and such an error is no verdict on any signature. It is
// (false, nil) too, which CometBFT's callers report as a failed batch without a bad signature in it; Err says why.
func (b *BatchVerifier) Verify() (bool, []bool) {
	b.err = nil
	statuses, err := b.verifiers.engine.Verify(b.verifiers.suite, &b.batch)
	if err != nil || len(statuses) == 0 {
		b.err = err
		return false, nil
	}
	all, valid := true, make([]bool, len(statuses))
	for i, status := range statuses {
		valid[i] = status == sigwarp.Valid
		all = all && valid[i]
	}
	return all, valid
}

// Err is why the last Verify gave no list; nil where the batch was empty.
func (b *BatchVerifier) Err() error { return b.err }
