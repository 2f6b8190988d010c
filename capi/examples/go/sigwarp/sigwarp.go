// Package sigwarp is a binding of what Go nodes need of the C ABI: engines, suites, batches in one arena, and
// registered keys. pkg-config must find sigwarp_c.
package sigwarp

/*
#cgo pkg-config: sigwarp_c
#include <stdlib.h>
#include <sigwarp.h>
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// Error is a call that gave no verdicts. It says nothing about any signature.
type Error struct {
	Code int
	Text string
}

func (e *Error) Error() string {
	return fmt.Sprintf("sigwarp: %s: %s", C.GoString(C.sigwarp_code_name(C.sigwarp_code(e.Code))), e.Text)
}

// asError gives nil for SIGWARP_OK. The text was written during the call, so it does not matter on which thread this
// goroutine continues.
func asError(code C.sigwarp_code, raw *C.sigwarp_error) error {
	if code == C.SIGWARP_OK {
		return nil
	}
	return &Error{Code: int(code), Text: C.GoString(&raw.text[0])}
}

// Status is the verdict on an item, or what became of a key. Only Valid means that a signature is valid.
type Status uint8

const (
	NotComputed   Status = C.SIGWARP_STATUS_NOT_COMPUTED
	Valid         Status = C.SIGWARP_STATUS_VALID
	KeyRegistered Status = C.SIGWARP_STATUS_KEY_REGISTERED
)

func (s Status) String() string { return C.GoString(C.sigwarp_status_name(C.sigwarp_status(s))) }

// Version is the version of the library.
func Version() string { return C.GoString(C.sigwarp_version()) }

// Engine verifies batches; share one between goroutines.
type Engine struct{ raw C.sigwarp_engine }

// Options of an engine. Zero values are defaults: all threads, the fastest backend, 256 MiB for keys.
type Options struct {
	Threads   uint32
	Backend   string
	KeyBudget uint64
}

// NewEngine starts an engine. Close frees it.
func NewEngine(options Options) (*Engine, error) {
	if version := uint32(C.sigwarp_abi_version()); version != C.SIGWARP_ABI_VERSION {
		return nil, fmt.Errorf("sigwarp: the library has ABI version %d, this package %d", version, C.SIGWARP_ABI_VERSION)
	}
	raw := C.sigwarp_options{
		size:       C.uint32_t(unsafe.Sizeof(C.sigwarp_options{})),
		threads:    C.uint32_t(options.Threads),
		key_budget: C.uint64_t(options.KeyBudget),
	}
	if options.Backend != "" {
		raw.backend = C.CString(options.Backend)
		defer C.free(unsafe.Pointer(raw.backend))
	}
	var engine Engine
	var failed C.sigwarp_error
	if err := asError(C.sigwarp_engine_new(&raw, &engine.raw, &failed), &failed); err != nil {
		return nil, err
	}
	return &engine, nil
}

// Close frees the engine. Calls that run on it end first.
func (e *Engine) Close() error {
	var failed C.sigwarp_error
	return asError(C.sigwarp_engine_free(e.raw, &failed), &failed)
}

// Suite is what valid means: scheme, rule, encoding.
type Suite struct{ raw C.sigwarp_suite }

// NewSuite makes the suite of these names. An empty rule is for schemes that have one rule, an empty encoding is raw.
func NewSuite(scheme, rule, encoding string) (*Suite, error) {
	var names [3]*C.char
	for i, name := range []string{scheme, rule, encoding} {
		if name != "" {
			names[i] = C.CString(name)
			defer C.free(unsafe.Pointer(names[i]))
		}
	}
	var suite Suite
	var failed C.sigwarp_error
	code := C.sigwarp_suite_new(names[0], names[1], names[2], nil, 0, &suite.raw, &failed)
	if err := asError(code, &failed); err != nil {
		return nil, err
	}
	return &suite, nil
}

// Close frees the suite.
func (s *Suite) Close() error {
	var failed C.sigwarp_error
	return asError(C.sigwarp_suite_free(s.raw, &failed), &failed)
}

// column collects rows; row i is bytes[offsets[i]:offsets[i+1]].
type column struct {
	bytes   []byte
	offsets []uint64
}

func (c *column) add(row []byte) {
	if len(c.offsets) == 0 {
		c.offsets = append(c.offsets, 0)
	}
	c.bytes = append(c.bytes, row...)
	c.offsets = append(c.offsets, uint64(len(c.bytes)))
}

// Batch collects items. Its memory is used again after Reset. Not for several goroutines at once.
type Batch struct {
	columns [3]column
	arena   []byte
	offsets [3][]uint64
}

// Add copies an item. Wrong lengths become statuses.
func (b *Batch) Add(key, message, signature []byte) {
	for i, row := range [][]byte{key, message, signature} {
		b.columns[i].add(row)
	}
}

// Len is the number of items.
func (b *Batch) Len() int {
	if len(b.columns[0].offsets) == 0 {
		return 0
	}
	return len(b.columns[0].offsets) - 1
}

// Reset removes all items.
func (b *Batch) Reset() {
	for i := range b.columns {
		b.columns[i].bytes = b.columns[i].bytes[:0]
		b.columns[i].offsets = b.columns[i].offsets[:0]
	}
}

// layOut puts the columns one after another into one arena: cgo passes pointers to memory without pointers in it.
func (b *Batch) layOut() {
	b.arena = b.arena[:0]
	for i := range b.columns {
		start := uint64(len(b.arena))
		b.arena = append(b.arena, b.columns[i].bytes...)
		b.offsets[i] = b.offsets[i][:0]
		for _, offset := range b.columns[i].offsets {
			b.offsets[i] = append(b.offsets[i], start+offset)
		}
	}
}

func bytesOf(bytes []byte) *C.uint8_t {
	if len(bytes) == 0 {
		return nil
	}
	return (*C.uint8_t)(unsafe.Pointer(&bytes[0]))
}

func numbers(numbers []uint64) *C.uint64_t {
	if len(numbers) == 0 {
		return nil
	}
	return (*C.uint64_t)(unsafe.Pointer(&numbers[0]))
}

// Verify gives a status for each item, in order. An error says nothing about any item.
func (e *Engine) Verify(suite *Suite, batch *Batch) ([]Status, error) {
	items := batch.Len()
	if items == 0 {
		return nil, nil
	}
	batch.layOut()
	statuses := make([]Status, items)
	var failed C.sigwarp_error
	code := C.sigwarp_verify(e.raw, suite.raw, C.size_t(items), bytesOf(batch.arena), C.size_t(len(batch.arena)),
		numbers(batch.offsets[0]), numbers(batch.offsets[1]), numbers(batch.offsets[2]),
		(*C.sigwarp_status)(unsafe.Pointer(&statuses[0])), C.size_t(items), &failed)
	if err := asError(code, &failed); err != nil {
		return nil, err
	}
	return statuses, nil
}

// Register makes tables of keys that come again and again. Items with their bytes are then verified several times
// faster. A status that is not KeyRegistered is the reason for which every signature under the key is rejected.
func (e *Engine) Register(suite *Suite, keys [][]byte) ([]Status, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var all column
	for _, key := range keys {
		all.add(key)
	}
	ids, statuses := make([]uint64, len(keys)), make([]Status, len(keys))
	var failed C.sigwarp_error
	code := C.sigwarp_register_keys(e.raw, suite.raw, C.size_t(len(keys)), bytesOf(all.bytes), C.size_t(len(all.bytes)),
		numbers(all.offsets), numbers(ids), (*C.sigwarp_status)(unsafe.Pointer(&statuses[0])), C.size_t(len(keys)),
		&failed)
	if err := asError(code, &failed); err != nil {
		return nil, err
	}
	return statuses, nil
}
