// A gateway's check of tokens: reads a JWT or JWS a line as they come, and says of each whether its signature holds.
//
//	go run ./gateway                           two tokens of the standards, here
//	go run ./gateway JWKS.json <TOKENS         tokens from standard input
//	go run ./gateway JWKS.json TOKENS          tokens from a file
//
// Tokens go to a pre-validator one by one, which verifies many at once, and their verdicts are printed in the order in
// which the tokens came. Claims are for the gateway: a token whose signature holds may have expired. Ends with status 1
// where a token is not valid.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"sigwarp.example/sigwarp"
)

// inFlight is how many tokens may wait for their verdicts: as many as a pre-validator verifies at once.
const inFlight = 2048

// maxToken is the longest line that is read.
const maxToken = 1 << 20

// keySet reads a JWK Set and gives its keys as the field of a context.
func keySet(text []byte) (string, error) {
	var set struct {
		Keys json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return "", err
	}
	if len(set.Keys) == 0 {
		return "", errors.New("no keys in the JWK Set")
	}
	return "keys=" + string(set.Keys), nil
}

// verify prints a line for each token, and returns how many there were and how many are not valid.
func verify(engine *sigwarp.Engine, keys string, tokens io.Reader) (count, bad int, err error) {
	context, err := sigwarp.NewContext("jose", keys)
	if err != nil {
		return 0, 0, err
	}
	defer context.Close()
	pre, err := engine.NewPrevalidator(sigwarp.PrevalidatorOptions{})
	if err != nil {
		return 0, 0, err
	}
	defer pre.Close()

	tickets := make(chan *sigwarp.Ticket, inFlight)
	failed := make(chan error, 1)
	go func() {
		defer close(tickets)
		lines := bufio.NewScanner(tokens)
		lines.Buffer(nil, maxToken)
		for lines.Scan() {
			token := strings.TrimSpace(lines.Text())
			if token == "" {
				continue
			}
			ticket, err := pre.Submit(sigwarp.Transaction{Context: context, Bytes: []byte(token)})
			if err != nil {
				failed <- err
				return
			}
			tickets <- ticket
		}
		failed <- lines.Err()
	}()
	for ticket := range tickets {
		report, err := ticket.Wait()
		if err != nil {
			return count, bad, err
		}
		count++
		switch report.Verdict {
		case sigwarp.VerdictValid:
			fmt.Printf("%d: valid\n", count)
		default:
			bad++
			// The JSON has the words of what is undecided, and each signature.
			fmt.Printf("%d: %s %s\n", count, report.Verdict, report.JSON)
		}
	}
	return count, bad, <-failed
}

// The key of RFC 8037, appendix A, a token of it, and the same token with another payload.
const exampleSet = `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`
const exampleSignature = ".hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
const exampleTokens = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc" + exampleSignature + "\n" +
	"eyJhbGciOiJFZERTQSJ9.SXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc" + exampleSignature + "\n"

func run(arguments []string) (int, error) {
	engine, err := sigwarp.NewEngine(sigwarp.Options{})
	if err != nil {
		return 2, err
	}
	defer engine.Close()
	set, tokens := []byte(exampleSet), io.Reader(strings.NewReader(exampleTokens))
	if len(arguments) > 0 {
		if set, err = os.ReadFile(arguments[0]); err != nil {
			return 2, err
		}
		tokens = os.Stdin
	}
	if len(arguments) > 1 {
		file, err := os.Open(arguments[1])
		if err != nil {
			return 2, err
		}
		defer file.Close()
		tokens = file
	}
	keys, err := keySet(set)
	if err != nil {
		return 2, err
	}
	count, bad, err := verify(engine, keys, tokens)
	if err != nil {
		return 2, err
	}
	if len(arguments) == 0 {
		if count != 2 || bad != 1 {
			return 1, fmt.Errorf("%d tokens, %d of them bad; expected 2 and 1", count, bad)
		}
		fmt.Println("ok: the token holds, and the same with another payload does not")
		return 0, nil
	}
	fmt.Printf("%d tokens, %d valid, %d not\n", count, count-bad, bad)
	if bad > 0 {
		return 1, nil
	}
	return 0, nil
}

func main() {
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(status)
}
