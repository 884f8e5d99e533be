// Swarm: thousands of gorilla clients in one process, each checking what it receives.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	handshakesAtOnce = 100
	handshakeTimeout = 60 * time.Second
	examplesKept     = 10
)

// order is the first line of the input.
type order struct {
	Groups   []group
	Patience float64 // seconds without a frame after which what is missing counts as lost
}

// group asks for clients of one kind.
type group struct {
	Protocol string   // whose frames they are to get
	URL      string   `json:"url"`
	Count    int      `json:"count"`
	From     []string // local addresses, used in turn
	Send     []string // text messages to send once connected
	Quiet    string   // a pattern of frames that carry no event
	Event    string   // a pattern with the groups stream, n and at (wall clock, microseconds)
	Streams  []string // whose events each of them must receive, all and in order
}

// verdict is the answer for one group. Lost, duplicated and foreign count frames, over all its clients.
type verdict struct {
	Protocol   string   `json:"protocol"`
	Clients    int      `json:"clients"`
	Received   int64    `json:"received"`
	Lost       int64    `json:"lost"`
	Duplicated int64    `json:"duplicated"`
	Foreign    int64    `json:"foreign"`
	Closed     int64    `json:"closed"`
	P50        float64  `json:"p50_ms"`
	P99        float64  `json:"p99_ms"`
	Max        float64  `json:"max_ms"`
	Examples   []string `json:"examples"`
}

// member is one client. One goroutine writes it; the verdict reads it once that one has been asked to stop.
type member struct {
	socket *websocket.Conn
	next   map[string]int64 // by stream: the number that is due
}

type crew struct {
	group
	book     *book
	members  []*member
	spoiled  sync.Mutex // of result
	result   verdict
	received int64 // atomic
	latency  histogram
	reading  sync.WaitGroup
	judging  atomic.Bool // from then on a reader that ends was asked to
}

func runSwarm() error {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	var wanted order
	if !lines.Scan() {
		return errors.New("no order")
	}
	if err := json.Unmarshal(lines.Bytes(), &wanted); err != nil {
		return err
	}
	crews, err := gather(wanted.Groups)
	if err != nil {
		return err
	}
	fmt.Println("connected")
	if !lines.Scan() {
		return errors.New("no totals")
	}
	totals := map[string]int64{} // "protocol stream": how many events there were
	if err := json.Unmarshal(lines.Bytes(), &totals); err != nil {
		return err
	}
	waitForAll(crews, totals, time.Duration(wanted.Patience*float64(time.Second)))
	verdicts := []verdict{}
	for _, c := range crews {
		verdicts = append(verdicts, c.judge(totals))
	}
	return json.NewEncoder(os.Stdout).Encode(verdicts)
}

// gather connects all clients, of all groups in turn so that the protocols mix.
func gather(groups []group) ([]*crew, error) {
	crews := []*crew{}
	for _, g := range groups {
		book, err := newBook(g.Event, g.Quiet)
		if err != nil {
			return nil, err
		}
		c := &crew{group: g, book: book, members: make([]*member, g.Count)}
		c.result.Protocol = g.Protocol
		crews = append(crews, c)
	}
	slots := make(chan struct{}, handshakesAtOnce)
	var connecting sync.WaitGroup
	var failure atomic.Value
	for index, left := 0, true; left && failure.Load() == nil; index++ {
		left = false
		for _, c := range crews {
			if index >= c.Count {
				continue
			}
			left = true
			slots <- struct{}{}
			connecting.Add(1)
			go func(c *crew, index int) {
				defer connecting.Done()
				if err := c.connect(index); err != nil {
					failure.Store(err)
				}
				<-slots
			}(c, index)
		}
	}
	connecting.Wait()
	if err, failed := failure.Load().(error); failed {
		return nil, err
	}
	return crews, nil
}

func (c *crew) connect(index int) error {
	plain := net.Dialer{Timeout: handshakeTimeout}
	if len(c.From) > 0 {
		plain.LocalAddr = &net.TCPAddr{IP: net.ParseIP(c.From[index%len(c.From)])}
	}
	dialer := websocket.Dialer{NetDialContext: plain.DialContext, HandshakeTimeout: handshakeTimeout, ReadBufferSize: 4096, WriteBufferSize: 512}
	socket, response, err := dialer.DialContext(context.Background(), c.URL, nil)
	if err != nil {
		if response != nil {
			return fmt.Errorf("%s client %d: %w: %s", c.Protocol, index, err, response.Status)
		}
		return fmt.Errorf("%s client %d: %w", c.Protocol, index, err)
	}
	// The library's own handler gives a pong one second, and ends the reading when a busy machine takes longer.
	socket.SetPingHandler(func(data string) error {
		return socket.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(handshakeTimeout))
	})
	m := &member{socket: socket, next: map[string]int64{}}
	for _, stream := range c.Streams {
		m.next[stream] = 0
	}
	for _, text := range c.Send {
		if err := socket.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			return err
		}
	}
	c.members[index] = m
	c.reading.Add(1)
	ready := make(chan struct{})
	go c.follow(m, ready)
	if len(c.Send) == 0 {
		return nil
	}
	// The last message has a reply: by then the earlier ones are done too.
	select {
	case <-ready:
		return nil
	case <-time.After(handshakeTimeout):
		return fmt.Errorf("%s client %d: no answer", c.Protocol, index)
	}
}

// follow reads to the end. `ready` is closed at the first quiet frame.
func (c *crew) follow(m *member, ready chan struct{}) {
	defer c.reading.Done()
	buffer := make([]byte, 0, 1024)
	for {
		kind, reader, err := m.socket.NextReader()
		if err == nil {
			buffer, err = readAll(reader, buffer[:0])
		}
		if err != nil {
			if !c.judging.Load() {
				c.spoil(&c.result.Closed, 1, "ended: "+err.Error())
			}
			return
		}
		entry := c.book.look(buffer)
		if entry.quiet && kind == websocket.TextMessage {
			if ready != nil {
				close(ready)
				ready = nil
			}
			continue
		}
		c.note(m, entry, kind, buffer)
	}
}

func (c *crew) note(m *member, entry *entry, kind int, frame []byte) {
	due, mine := m.next[entry.stream]
	if kind != websocket.TextMessage || !entry.known || !mine {
		c.spoil(&c.result.Foreign, 1, "foreign: "+string(frame))
		return
	}
	atomic.AddInt64(&c.received, 1)
	c.latency.add(time.Now().UnixMicro() - entry.at)
	switch {
	case entry.n < due:
		c.spoil(&c.result.Duplicated, 1, fmt.Sprintf("%s %d again, %d was due", entry.stream, entry.n, due))
		return
	case entry.n > due:
		c.spoil(&c.result.Lost, entry.n-due, fmt.Sprintf("%s %d came, %d was due", entry.stream, entry.n, due))
	}
	m.next[entry.stream] = entry.n + 1
}

func (c *crew) spoil(count *int64, by int64, example string) {
	c.spoiled.Lock()
	defer c.spoiled.Unlock()
	*count += by
	if len(c.result.Examples) < examplesKept {
		c.result.Examples = append(c.result.Examples, example)
	}
}

// waitForAll returns once as many frames are there as there must be, or none has come for a while.
func waitForAll(crews []*crew, totals map[string]int64, patience time.Duration) {
	expected := int64(0)
	for _, c := range crews {
		for _, stream := range c.Streams {
			expected += totals[c.Protocol+" "+stream] * int64(c.Count)
		}
	}
	last, since := int64(-1), time.Now()
	for {
		received := int64(0)
		for _, c := range crews {
			received += atomic.LoadInt64(&c.received)
		}
		if received != last {
			last, since = received, time.Now()
		}
		if received >= expected || time.Since(since) > patience {
			// Anything beyond that, such as a duplicate, has a moment to arrive.
			time.Sleep(time.Second)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// judge ends the clients and sums up.
func (c *crew) judge(totals map[string]int64) verdict {
	result := &c.result
	c.judging.Store(true)
	for _, m := range c.members {
		m.socket.SetReadDeadline(time.Now())
	}
	c.reading.Wait()
	for _, m := range c.members {
		for stream, due := range m.next {
			if missing := totals[c.Protocol+" "+stream] - due; missing > 0 {
				c.spoil(&result.Lost, missing, fmt.Sprintf("%s ends at %d", stream, due))
			}
		}
		m.socket.Close()
	}
	result.Clients, result.Received = len(c.members), c.received
	result.P50, result.P99, result.Max = c.latency.quantile(0.5), c.latency.quantile(0.99), c.latency.quantile(1)
	return *result
}
