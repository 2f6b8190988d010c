// Judges the transactions of a file of rows, and prints what became of each: its verdict, why, and its sender.
//
//	go run ./transactions                                  a transaction of Ethereum, here
//	go run ./transactions PROFILE ROWS.jsonl.gz            prints a line for each row
//	go run ./transactions PROFILE ROWS.jsonl.gz EXPECTED.jsonl.gz
//	                                                       compares with the rows of the same id, and counts
//
// PROFILE is ethereum or solana. A row has the bytes of a transaction in hexadecimal digits as "raw", and the fields of its
// context. The transactions are judged twice: in one batch, and by a pre-validator to which four goroutines submit.
package main

import (
	"bufio"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"sigwarp.example/sigwarp"
)

// contextFields are the fields of a row that say what its bytes do not.
var contextFields = map[string][]string{
	"ethereum": {"chain_id", "fork", "form", "network_form", "number", "timestamp", "from"},
	"solana":   {"accept_v1", "rule"},
}

// row is a row of a file, with whatever members it has.
type row map[string]interface{}

func (r row) text(name string) string {
	text, _ := r[name].(string)
	return text
}

// rows reads a file of JSON lines.
func rows(name string) ([]row, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var lines io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		if lines, err = gzip.NewReader(file); err != nil {
			return nil, err
		}
	}
	decoder := json.NewDecoder(bufio.NewReader(lines))
	// Numbers as they are written.
	decoder.UseNumber()
	var all []row
	for {
		var one row
		switch err := decoder.Decode(&one); err {
		case nil:
			all = append(all, one)
		case io.EOF:
			return all, nil
		default:
			return nil, fmt.Errorf("%s: row %d: %w", name, len(all), err)
		}
	}
}

// contexts makes one context for each combination of fields.
type contexts struct {
	profile string
	known   map[string]*sigwarp.Context
}

func (c *contexts) of(fields row) (*sigwarp.Context, error) {
	var texts []string
	for _, name := range contextFields[c.profile] {
		if value, has := fields[name]; has && value != nil {
			texts = append(texts, fmt.Sprintf("%s=%v", name, value))
		}
	}
	key := strings.Join(texts, "\n")
	if known, has := c.known[key]; has {
		return known, nil
	}
	made, err := sigwarp.NewContext(c.profile, texts...)
	if err == nil {
		c.known[key] = made
	}
	return made, err
}

func (c *contexts) Close() {
	for _, context := range c.known {
		context.Close()
	}
}

// prevalidate judges the transactions by a pre-validator, to which several goroutines submit.
func prevalidate(engine *sigwarp.Engine, records []sigwarp.Transaction) ([]sigwarp.Report, error) {
	pre, err := engine.NewPrevalidator(sigwarp.PrevalidatorOptions{Workers: 2})
	if err != nil {
		return nil, err
	}
	defer pre.Close()
	const producers = 4
	reports := make([]sigwarp.Report, len(records))
	ended := make(chan error, producers)
	for first := 0; first < producers; first++ {
		go func(first int) {
			tickets := make(map[int]*sigwarp.Ticket)
			for i := first; i < len(records); i += producers {
				ticket, err := pre.Submit(records[i])
				if err != nil {
					ended <- err
					return
				}
				tickets[i] = ticket
			}
			for i, ticket := range tickets {
				report, err := ticket.Wait()
				if err != nil {
					ended <- err
					return
				}
				reports[i] = *report
			}
			ended <- nil
		}(first)
	}
	for i := 0; i < producers; i++ {
		if failed := <-ended; failed != nil {
			err = failed
		}
	}
	return reports, err
}

// differs says how a report is not what a row expects.
func differs(report *sigwarp.Report, expected row) string {
	ours := fmt.Sprintf("%s %s", report.Verdict, report.Reason)
	theirs := fmt.Sprintf("%s %s", expected.text("verdict"), expected.text("reason"))
	if _, has := expected["sender"]; has {
		ours += " " + hex.EncodeToString(report.Sender)
		theirs += " " + expected.text("sender")
	}
	if ours == theirs {
		return ""
	}
	return fmt.Sprintf("%s, expected %s", ours, theirs)
}

func run(profile string, given []row, expected []row) error {
	if contextFields[profile] == nil {
		return fmt.Errorf("%s: this example knows ethereum and solana", profile)
	}
	engine, err := sigwarp.NewEngine(sigwarp.Options{})
	if err != nil {
		return err
	}
	defer engine.Close()
	contexts := contexts{profile: profile, known: make(map[string]*sigwarp.Context)}
	defer contexts.Close()
	var records []sigwarp.Transaction
	for i, one := range given {
		bytes, err := hex.DecodeString(strings.TrimPrefix(one.text("raw"), "0x"))
		if err != nil {
			return fmt.Errorf("row %d: raw: %w", i, err)
		}
		context, err := contexts.of(one)
		if err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
		records = append(records, sigwarp.Transaction{Context: context, Bytes: bytes})
	}
	reports, err := engine.Transactions(records)
	if err != nil {
		return err
	}
	again, err := prevalidate(engine, records)
	if err != nil {
		return err
	}
	byID := make(map[string]row)
	for _, one := range expected {
		byID[one.text("id")] = one
	}
	counts := make(map[string]int)
	for i := range reports {
		report := &reports[i]
		counts[report.Verdict.String()]++
		if report.JSON != again[i].JSON {
			return fmt.Errorf("row %d: the pre-validator says %s, the batch %s", i, again[i].JSON, report.JSON)
		}
		if len(expected) == 0 {
			fmt.Printf("%s: %s\n", given[i].text("id"), report)
			continue
		}
		of, has := byID[given[i].text("id")]
		if !has {
			return fmt.Errorf("row %d: nothing is expected of %s", i, given[i].text("id"))
		}
		if different := differs(report, of); different != "" {
			return fmt.Errorf("%s is %s", given[i].text("id"), different)
		}
	}
	as := ""
	if len(expected) > 0 {
		as = ", all as expected"
	}
	fmt.Printf("%d transactions of %s: %d valid, %d invalid, %d undecided%s\n",
		len(reports), profile, counts["valid"], counts["invalid"], counts["undecided"], as)
	return nil
}

// example judges the transaction that EIP-155 shows.
func example() error {
	const raw = "f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080" +
		"25a028ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276" +
		"a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"
	chain := json.Number("1")
	given := []row{{"id": "EIP-155", "chain_id": chain, "fork": "prague", "raw": raw}}
	expected := []row{{"id": "EIP-155", "verdict": "valid", "sender": "9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f"}}
	if err := run("ethereum", given, nil); err != nil {
		return err
	}
	if err := run("ethereum", given, expected); err != nil {
		return err
	}
	// A program that expects something else must hear of it.
	expected[0]["sender"] = "0000000000000000000000000000000000000000"
	if run("ethereum", given, expected) == nil {
		return errors.New("a wrong sender was not noticed")
	}
	return nil
}

func do() error {
	var files [][]row
	if len(os.Args) < 2 {
		return example()
	}
	for _, name := range os.Args[2:] {
		all, err := rows(name)
		if err != nil {
			return err
		}
		files = append(files, all)
	}
	switch len(files) {
	case 1:
		return run(os.Args[1], files[0], nil)
	case 2:
		return run(os.Args[1], files[0], files[1])
	}
	return errors.New("usage: transactions [PROFILE ROWS.jsonl.gz [EXPECTED.jsonl.gz]]")
}

func main() {
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
