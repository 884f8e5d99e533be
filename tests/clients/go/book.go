package main

import (
	"io"
	"math/bits"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
)

// entry is the content of one frame, byte for byte.
type entry struct {
	known  bool // matches the pattern of events
	quiet  bool // matches the pattern of frames without an event
	stream string
	n      int64
	at     int64 // when it was published: wall clock, microseconds
}

// book reads frames of one protocol. Thousands of clients get the same bytes, so each frame is matched
// once and then found: the judge must not be what is slow.
type book struct {
	event, quiet  *regexp.Regexp
	stream, n, at int // the groups of event
	mutex         sync.RWMutex
	entries       map[string]*entry
}

func newBook(event, quiet string) (*book, error) {
	b := &book{entries: map[string]*entry{}}
	var err error
	if b.event, err = regexp.Compile(event); err != nil {
		return nil, err
	}
	if b.quiet, err = regexp.Compile(quiet); err != nil {
		return nil, err
	}
	b.stream, b.n, b.at = b.event.SubexpIndex("stream"), b.event.SubexpIndex("n"), b.event.SubexpIndex("at")
	return b, nil
}

func (b *book) look(frame []byte) *entry {
	b.mutex.RLock()
	found := b.entries[string(frame)]
	b.mutex.RUnlock()
	if found != nil {
		return found
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if found = b.entries[string(frame)]; found == nil {
		found = b.read(string(frame))
		b.entries[string(frame)] = found
	}
	return found
}

func (b *book) read(frame string) *entry {
	words := b.event.FindStringSubmatch(frame)
	if words == nil {
		return &entry{quiet: b.quiet.MatchString(frame)}
	}
	n, _ := strconv.ParseInt(words[b.n], 10, 64) // the pattern has let only digits through
	at, _ := strconv.ParseInt(words[b.at], 10, 64)
	return &entry{known: true, stream: words[b.stream], n: n, at: at}
}

// histogram counts microseconds in steps of about 3 %.
type histogram struct{ counts [64 * stepsPerDouble]int64 }

const stepsPerDouble = 32

func (h *histogram) add(microseconds int64) {
	if microseconds < 1 {
		microseconds = 1
	}
	double := bits.Len64(uint64(microseconds)) - 1
	step := (microseconds - 1<<double) * stepsPerDouble >> double
	atomic.AddInt64(&h.counts[double*stepsPerDouble+int(step)], 1)
}

// quantile is in milliseconds, rounded up to the end of its step.
func (h *histogram) quantile(share float64) float64 {
	total := int64(0)
	for _, count := range h.counts {
		total += count
	}
	seen, end := int64(0), 0.0
	for index, count := range h.counts {
		if count == 0 {
			continue
		}
		double, step := index/stepsPerDouble, index%stepsPerDouble
		end = float64(int64(1)<<double) * (1 + float64(step+1)/stepsPerDouble) / 1000
		if seen += count; float64(seen) >= share*float64(total) {
			break
		}
	}
	return end
}

func readAll(reader io.Reader, into []byte) ([]byte, error) {
	for {
		if len(into) == cap(into) {
			into = append(into, 0)[:len(into)]
		}
		count, err := reader.Read(into[len(into):cap(into)])
		into = into[:len(into)+count]
		if err == io.EOF {
			return into, nil
		}
		if err != nil {
			return into, err
		}
	}
}
