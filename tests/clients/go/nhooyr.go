package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"

	"nhooyr.io/websocket"
)

type nhooyrClient struct{ *websocket.Conn }

func dialNhooyr(ctx context.Context, url string, header http.Header, trusted *tls.Config) (connection, error) {
	client, response, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: &http.Transport{TLSClientConfig: trusted}},
		HTTPHeader: header,
	})
	if err != nil && response != nil {
		return nil, refusal{response.StatusCode}
	}
	if err != nil {
		return nil, err
	}
	return nhooyrClient{client}, nil
}

func (c nhooyrClient) Read() (bool, []byte, error) {
	kind, data, err := c.Conn.Read(context.Background())
	var end websocket.CloseError
	if errors.As(err, &end) {
		err = closure{int(end.Code), end.Reason}
	}
	return kind == websocket.MessageText, data, err
}

func (c nhooyrClient) Write(text string) error {
	return c.Conn.Write(context.Background(), websocket.MessageText, []byte(text))
}

func (c nhooyrClient) Close(code int, reason string) error {
	return c.Conn.Close(websocket.StatusCode(code), reason)
}
