// Verifies a batch with one bad item and says which it is and why.
//
//	go run ./batch
package main

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"

	"sigwarp.example/sigwarp"
)

func run() error {
	engine, err := sigwarp.NewEngine(sigwarp.Options{})
	if err != nil {
		return err
	}
	suite, err := sigwarp.NewSuite("ed25519", "zip215", "")
	if err != nil {
		return err
	}
	defer suite.Close()

	const items, bad = 100, 63
	var batch sigwarp.Batch
	for i := 0; i < items; i++ {
		seed := make([]byte, ed25519.SeedSize)
		seed[0] = byte(i % 7)
		key := ed25519.NewKeyFromSeed(seed)
		message := []byte(fmt.Sprintf("transaction %d", i))
		signature := ed25519.Sign(key, message)
		if i == bad {
			message[0] ^= 1
		}
		batch.Add(key.Public().(ed25519.PublicKey), message, signature)
	}
	statuses, err := engine.Verify(suite, &batch)
	if err != nil {
		return err
	}
	valid := 0
	for item, status := range statuses {
		if status == sigwarp.Valid {
			valid++
		} else {
			fmt.Printf("item %d is invalid: %s\n", item, status)
		}
	}
	fmt.Printf("%d of %d valid, sigwarp %s\n", valid, items, sigwarp.Version())
	if valid != items-1 || statuses[bad].String() != "EquationFailed" {
		return errors.New("another verdict was expected")
	}

	// A freed engine is an error.
	if err := engine.Close(); err != nil {
		return err
	}
	_, err = engine.Verify(suite, &batch)
	fmt.Println("after Close:", err)
	if err == nil {
		return errors.New("a freed engine gave verdicts")
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
