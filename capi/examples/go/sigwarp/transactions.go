package sigwarp

/*
#include <stdlib.h>
#include <sigwarp.h>
*/
import "C"

import (
	"fmt"
	"time"
	"unsafe"
)

// Verdict is the verdict on a transaction or on one of its signatures. Only VerdictValid means that it is valid.
type Verdict uint8

const (
	VerdictNotComputed Verdict = C.SIGWARP_VERDICT_NOT_COMPUTED
	VerdictValid       Verdict = C.SIGWARP_VERDICT_VALID
	VerdictInvalid     Verdict = C.SIGWARP_VERDICT_INVALID
	VerdictUndecided   Verdict = C.SIGWARP_VERDICT_UNDECIDED
)

func (v Verdict) String() string {
	switch v {
	case VerdictValid:
		return "valid"
	case VerdictInvalid:
		return "invalid"
	case VerdictUndecided:
		return "undecided"
	}
	return "not computed"
}

// Context is a profile with what the bytes of its records do not say. Share one among all records that it fits.
type Context struct{ raw C.sigwarp_transaction_context }

// NewContext makes the context of a profile ("ethereum", "solana", …) from fields such as "chain_id=1".
func NewContext(profile string, fields ...string) (*Context, error) {
	name := C.CString(profile)
	defer C.free(unsafe.Pointer(name))
	// Pointers to C memory, in memory of C: cgo passes no Go memory that has pointers in it.
	size := C.size_t(unsafe.Sizeof(name))
	texts := (**C.char)(C.calloc(C.size_t(len(fields)+1), size))
	defer C.free(unsafe.Pointer(texts))
	list := unsafe.Slice(texts, len(fields))
	for i, field := range fields {
		list[i] = C.CString(field)
		defer C.free(unsafe.Pointer(list[i]))
	}
	var context Context
	var failed C.sigwarp_error
	code := C.sigwarp_transaction_context_new(name, texts, C.size_t(len(fields)), &context.raw, &failed)
	if err := asError(code, &failed); err != nil {
		return nil, err
	}
	return &context, nil
}

// Close frees the context.
func (c *Context) Close() error {
	var failed C.sigwarp_error
	return asError(C.sigwarp_transaction_context_free(c.raw, &failed), &failed)
}

// Transaction is a record, and what it is.
type Transaction struct {
	Context *Context
	Bytes   []byte
}

// Report is what was found out about a transaction. Which and At are -1 where they say nothing.
type Report struct {
	Verdict    Verdict
	Reason     string
	Sender     []byte
	ID         []byte
	Which      int
	At         int
	Signatures []Signature
	// Transactions are those of a block, or the blocks of a file of them.
	Transactions []Report
	// JSON is the whole report, with what a profile says beyond this.
	JSON string
}

// Signature is one signature of a transaction.
type Signature struct {
	Role    string
	Verdict Verdict
	Reason  string
	Key     []byte
	Address []byte
}

// Transactions judges records, the signatures of all of them together, and gives a report for each, in order. An error
// says nothing about any record.
func (e *Engine) Transactions(records []Transaction) ([]Report, error) {
	if len(records) == 0 {
		return nil, nil
	}
	var all column
	var contexts []C.sigwarp_transaction_context
	places := make(map[*Context]uint32)
	of := make([]uint32, len(records))
	for i, record := range records {
		place, known := places[record.Context]
		if !known {
			place = uint32(len(contexts))
			places[record.Context] = place
			contexts = append(contexts, record.Context.raw)
		}
		of[i] = place
		all.add(record.Bytes)
	}
	var reports C.sigwarp_reports
	var failed C.sigwarp_error
	code := C.sigwarp_transactions_verify(e.raw, &contexts[0], C.size_t(len(contexts)), (*C.uint32_t)(unsafe.Pointer(&of[0])),
		C.size_t(len(records)), bytesOf(all.bytes), C.size_t(len(all.bytes)), numbers(all.offsets), &reports, &failed)
	if err := asError(code, &failed); err != nil {
		return nil, err
	}
	return read(reports, len(records))
}

// read copies reports and frees them.
func read(reports C.sigwarp_reports, count int) ([]Report, error) {
	defer C.sigwarp_reports_free(reports, nil)
	var failed C.sigwarp_error
	raw := make([]C.sigwarp_report, count)
	code := C.sigwarp_reports_read(reports, 0, C.size_t(count), &raw[0], &failed)
	if err := asError(code, &failed); err != nil {
		return nil, err
	}
	all := make([]Report, count)
	for i := range raw {
		from := &raw[i]
		report := &all[i]
		report.Verdict = Verdict(from.verdict)
		report.Reason = C.GoString(&from.reason[0])
		report.Sender = C.GoBytes(unsafe.Pointer(&from.sender[0]), C.int(from.sender_length))
		report.ID = C.GoBytes(unsafe.Pointer(&from.tx_id[0]), C.int(from.tx_id_length))
		report.Which, report.At = int(from.which), int(from.at)
		if from.signatures > 0 {
			signatures := make([]C.sigwarp_report_signature, from.signatures)
			code := C.sigwarp_reports_signatures(reports, C.size_t(i), &signatures[0], from.signatures, &failed)
			if err := asError(code, &failed); err != nil {
				return nil, err
			}
			for j := range signatures {
				report.Signatures = append(report.Signatures, signature(&signatures[j]))
			}
		}
		var needed C.size_t
		code := C.sigwarp_reports_json(reports, C.size_t(i), nil, 0, &needed, &failed)
		if err := asError(code, &failed); err != nil {
			return nil, err
		}
		text := make([]byte, needed)
		code = C.sigwarp_reports_json(reports, C.size_t(i), (*C.char)(unsafe.Pointer(&text[0])), needed, nil, &failed)
		if err := asError(code, &failed); err != nil {
			return nil, err
		}
		report.JSON = string(text[:needed-1])
		if from.transactions > 0 {
			var within C.sigwarp_reports
			code := C.sigwarp_reports_transactions(reports, C.size_t(i), &within, &failed)
			if err := asError(code, &failed); err != nil {
				return nil, err
			}
			transactions, err := read(within, int(from.transactions))
			if err != nil {
				return nil, err
			}
			report.Transactions = transactions
		}
	}
	return all, nil
}

func signature(from *C.sigwarp_report_signature) Signature {
	length := from.key_length
	if length > C.size_t(len(from.key)) {
		length = C.size_t(len(from.key))
	}
	return Signature{
		Role:    C.GoString(&from.role[0]),
		Verdict: Verdict(from.verdict),
		Reason:  C.GoString(&from.reason[0]),
		Key:     C.GoBytes(unsafe.Pointer(&from.key[0]), C.int(length)),
		Address: C.GoBytes(unsafe.Pointer(&from.address[0]), C.int(from.address_length)),
	}
}

// Prevalidator takes transactions one by one from any number of goroutines and judges them in micro-batches.
type Prevalidator struct {
	raw C.sigwarp_transaction_prevalidator
}

// PrevalidatorOptions of a pre-validator. Zero values are defaults: one worker, 32,768 transactions, 1 ms.
type PrevalidatorOptions struct {
	Workers       uint32
	Capacity      uint64
	CapacityBytes uint64
	MaxBatch      uint64
	MaxDelay      time.Duration
}

// NewPrevalidator starts the workers of a pre-validator. Close frees it.
func (e *Engine) NewPrevalidator(options PrevalidatorOptions) (*Prevalidator, error) {
	raw := C.sigwarp_transaction_prevalidator_options{
		size:           C.uint32_t(unsafe.Sizeof(C.sigwarp_transaction_prevalidator_options{})),
		workers:        C.uint32_t(options.Workers),
		capacity:       C.uint64_t(options.Capacity),
		capacity_bytes: C.uint64_t(options.CapacityBytes),
		max_batch:      C.uint64_t(options.MaxBatch),
		max_delay_us:   C.uint64_t(options.MaxDelay / time.Microsecond),
	}
	var pre Prevalidator
	var failed C.sigwarp_error
	code := C.sigwarp_transaction_prevalidator_start(e.raw, &raw, &pre.raw, &failed)
	if err := asError(code, &failed); err != nil {
		return nil, err
	}
	return &pre, nil
}

// Ticket is the promise of a report.
type Ticket struct {
	raw C.sigwarp_transaction_ticket
}

// Submit hands over a copy of a transaction, and waits for room as long as it takes.
func (p *Prevalidator) Submit(record Transaction) (*Ticket, error) {
	var ticket Ticket
	var failed C.sigwarp_error
	code := C.sigwarp_transaction_submit(p.raw, record.Context.raw, bytesOf(record.Bytes), C.size_t(len(record.Bytes)),
		C.SIGWARP_PRIORITY_MEMPOOL, C.SIGWARP_FOREVER, &ticket.raw, &failed)
	if err := asError(code, &failed); err != nil {
		return nil, err
	}
	return &ticket, nil
}

// Wait gives the report of a ticket and frees the ticket. An error says nothing about the transaction.
func (t *Ticket) Wait() (*Report, error) {
	defer C.sigwarp_transaction_ticket_free(t.raw, nil)
	var reports C.sigwarp_reports
	var failed C.sigwarp_error
	code := C.sigwarp_transaction_ticket_wait(t.raw, C.SIGWARP_FOREVER, &reports, &failed)
	if err := asError(code, &failed); err != nil {
		return nil, err
	}
	all, err := read(reports, 1)
	if err != nil {
		return nil, err
	}
	return &all[0], nil
}

// Close judges what was accepted and frees the pre-validator. Its tickets remain.
func (p *Prevalidator) Close() error {
	var failed C.sigwarp_error
	return asError(C.sigwarp_transaction_prevalidator_free(p.raw, &failed), &failed)
}

func (r Report) String() string {
	if r.Reason == "" {
		return fmt.Sprintf("%s, sender %x", r.Verdict, r.Sender)
	}
	return fmt.Sprintf("%s, %s", r.Verdict, r.Reason)
}
