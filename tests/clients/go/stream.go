package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/r3labs/sse/v2"
	"gopkg.in/cenkalti/backoff.v1"
)

// runStream follows an event stream with r3labs/sse, which resumes by itself with the id of the last event, and
// writes {"event", "id", "data"} for each event whose data is JSON. After a stream that has ended in an orderly way
// the library does not come back, so it is asked again.
func runStream(url string) error {
	client := sse.NewClient(url)
	client.ReconnectStrategy = backoff.NewConstantBackOff(20 * time.Millisecond)
	client.ResponseValidator = func(_ *sse.Client, response *http.Response) error {
		if response.StatusCode == http.StatusOK {
			return nil
		}
		response.Body.Close()
		return fmt.Errorf("answered with %d", response.StatusCode)
	}
	out := json.NewEncoder(os.Stdout)
	go func() {
		for {
			// It fails only for good, since the back-off has no end.
			_ = client.SubscribeRaw(func(event *sse.Event) {
				// The library passes on what it has of a record when the connection is cut.
				if json.Valid(event.Data) {
					_ = out.Encode(map[string]any{"event": string(event.Event), "id": string(event.ID), "data": json.RawMessage(event.Data)})
				}
			})
			time.Sleep(20 * time.Millisecond)
		}
	}()
	_, err := io.Copy(io.Discard, os.Stdin) // until the test ends it
	return err
}
