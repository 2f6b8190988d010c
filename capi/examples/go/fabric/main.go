// Validates files of blocks of Hyperledger Fabric, as a peer or an orderer keeps them (blockfile_000000): every creator,
// endorser and orderer, the ids and hashes, and that each block names the one before it.
//
//	go run ./fabric FILE…
//	go run ./fabric -identities FILE.txt FILE…   registers the signers named there, each in hexadecimal digits on a line
//
// Prints a line for each file, one for each block that is not valid, and the transactions by their codes. What a policy
// decides is undecided here, since none is given. Ends with status 1 where something is invalid.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"

	"sigwarp.example/sigwarp"
)

// tally counts verdicts with their reasons.
type tally map[string]int

func (t tally) add(report sigwarp.Report) {
	reason := report.Reason
	if report.Verdict == sigwarp.VerdictUndecided {
		// An undecided report lists all that it waits for.
		var whole struct {
			Undecided []string `json:"undecided"`
		}
		if err := json.Unmarshal([]byte(report.JSON), &whole); err == nil {
			reason = strings.Join(whole.Undecided, ", ")
		}
	}
	t[strings.TrimSpace(fmt.Sprint(report.Verdict, " ", reason))]++
}

func (t tally) String() string {
	lines := make([]string, 0, len(t))
	for name, count := range t {
		lines = append(lines, fmt.Sprintf("%d %s", count, name))
	}
	sort.Strings(lines)
	return strings.Join(lines, "; ")
}

// validate prints what became of a file, and whether nothing in it is invalid.
func validate(engine *sigwarp.Engine, context *sigwarp.Context, name string) (bool, error) {
	bytes, err := os.ReadFile(name)
	if err != nil {
		return false, err
	}
	reports, err := engine.Transactions([]sigwarp.Transaction{{Context: context, Bytes: bytes}})
	if err != nil {
		return false, err
	}
	file := reports[0]
	good := file.Verdict != sigwarp.VerdictInvalid
	transactions := tally{}
	fmt.Printf("%s: %d blocks, %s %s\n", name, len(file.Transactions), file.Verdict, file.Reason)
	for place, block := range file.Transactions {
		if block.Verdict != sigwarp.VerdictValid {
			fmt.Printf("  block %d of the file: %s %s\n", place, block.Verdict, block.Reason)
		}
		for _, transaction := range block.Transactions {
			transactions.add(transaction)
			good = good && transaction.Verdict != sigwarp.VerdictInvalid
		}
	}
	fmt.Printf("  transactions: %s\n", transactions)
	return good, nil
}

// fields of the context: what the records are, and who signs many of them.
func fields(identities string) ([]string, error) {
	all := []string{"kind=blockfile"}
	if identities == "" {
		return all, nil
	}
	text, err := os.ReadFile(identities)
	if err != nil {
		return nil, err
	}
	list, err := json.Marshal(strings.Fields(string(text)))
	return append(all, "identities="+string(list)), err
}

func run(identities string, names []string) (bool, error) {
	if len(names) == 0 {
		return false, errors.New("usage: go run ./fabric [-identities FILE.txt] FILE…")
	}
	engine, err := sigwarp.NewEngine(sigwarp.Options{})
	if err != nil {
		return false, err
	}
	defer engine.Close()
	given, err := fields(identities)
	if err != nil {
		return false, err
	}
	context, err := sigwarp.NewContext("fabric", given...)
	if err != nil {
		return false, err
	}
	defer context.Close()
	bad := 0
	for _, name := range names {
		good, err := validate(engine, context, name)
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		if !good {
			bad++
		}
	}
	fmt.Printf("%d files, %d with something invalid\n", len(names), bad)
	return bad == 0, nil
}

func main() {
	identities := flag.String("identities", "", "a file of serialized identities in hexadecimal digits")
	flag.Parse()
	good, err := run(*identities, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if !good {
		os.Exit(1)
	}
}
