// Agent: WebSocket clients of one library, driven line by line; see tests/clients/README.md for the words.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
)

// abnormalClosure is what every library calls an end without a close frame.
const abnormalClosure = 1006

// connection is one client of whichever library; Read blocks, and is called by one goroutine.
type connection interface {
	Read() (text bool, data []byte, err error)
	Write(text string) error
	Close(code int, reason string) error
}

// refusal is an upgrade that was answered by something else than a 101.
type refusal struct{ status int }

func (r refusal) Error() string { return fmt.Sprintf("refused with %d", r.status) }

// closure is the close frame that a peer sent.
type closure struct {
	code   int
	reason string
}

func (c closure) Error() string { return fmt.Sprintf("closed with %d %s", c.code, c.reason) }

type dialer func(context.Context, string, http.Header, *tls.Config) (connection, error)

var libraries = map[string]dialer{
	"gorilla": dialGorilla,
	"coder":   dialCoder,
	"nhooyr":  dialNhooyr,
}

type agent struct {
	dial    dialer
	trusted *tls.Config
	mutex   sync.Mutex // of what follows, and of stdout
	open    map[string]connection
}

func runAgent(library string, trusted *tls.Config) error {
	dial, known := libraries[library]
	if !known {
		return fmt.Errorf("no library %q", library)
	}
	a := &agent{dial: dial, trusted: trusted, open: map[string]connection{}}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		words := strings.Split(lines.Text(), "\t")
		if err := a.obey(words); err != nil {
			return fmt.Errorf("%s: %w", words[0], err)
		}
	}
	return lines.Err()
}

func (a *agent) obey(words []string) error {
	if words[0] == "open" {
		go a.follow(words[1], words[2], words[3:])
		return nil
	}
	a.mutex.Lock()
	client, known := a.open[words[1]]
	a.mutex.Unlock()
	if !known {
		return errors.New("no such client: " + words[1])
	}
	switch words[0] {
	case "send":
		text, err := base64.StdEncoding.DecodeString(words[2])
		if err != nil {
			return err
		}
		return client.Write(string(text))
	case "close":
		go client.Close(1000, "done") // it waits for the echo, which follow reads
		return nil
	}
	return errors.New("not a command")
}

// follow opens a client and reports what happens to it, to its end.
func (a *agent) follow(id, url string, headers []string) {
	header := http.Header{}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		header.Add(name, value)
	}
	client, err := a.dial(context.Background(), url, header, a.trusted)
	if err != nil {
		a.report(id, "refused", refusedStatus(err), encode(err.Error()))
		return
	}
	a.mutex.Lock()
	a.open[id] = client
	a.mutex.Unlock()
	a.report(id, "open")
	for {
		text, data, err := client.Read()
		if err != nil {
			end := closure{code: abnormalClosure, reason: ""}
			errors.As(err, &end)
			a.report(id, "close", fmt.Sprint(end.code), encode(end.reason))
			return
		}
		if text {
			a.report(id, "text", encode(string(data)))
		} else {
			a.report(id, "binary", fmt.Sprint(len(data)))
		}
	}
}

func (a *agent) report(words ...string) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	fmt.Println(strings.Join(words, "\t"))
}

func refusedStatus(err error) string {
	var refused refusal
	errors.As(err, &refused)
	return fmt.Sprint(refused.status)
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
