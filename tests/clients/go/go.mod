module carillon/tests/clients

go 1.19

require (
	github.com/coder/websocket v1.8.12
	github.com/gorilla/websocket v1.5.3
	github.com/r3labs/sse/v2 v2.10.0
	gopkg.in/cenkalti/backoff.v1 v1.1.0
	nhooyr.io/websocket v1.8.11
)

require golang.org/x/net v0.0.0-20191116160921-f9c825593386 // indirect
