package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

type gorillaClient struct{ *websocket.Conn }

func dialGorilla(ctx context.Context, url string, header http.Header, trusted *tls.Config) (connection, error) {
	dialer := websocket.Dialer{TLSClientConfig: trusted}
	client, response, err := dialer.DialContext(ctx, url, header)
	if errors.Is(err, websocket.ErrBadHandshake) {
		return nil, refusal{response.StatusCode}
	}
	if err != nil {
		return nil, err
	}
	return gorillaClient{client}, nil
}

func (c gorillaClient) Read() (bool, []byte, error) {
	kind, data, err := c.ReadMessage()
	var end *websocket.CloseError
	if errors.As(err, &end) {
		err = closure{end.Code, end.Text}
	}
	return kind == websocket.TextMessage, data, err
}

func (c gorillaClient) Write(text string) error {
	return c.WriteMessage(websocket.TextMessage, []byte(text))
}

func (c gorillaClient) Close(code int, reason string) error {
	return c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(5*time.Second))
}
