// Clients in Go for the integration tests.
//
//	client agent LIBRARY   one client by one, driven over stdin; LIBRARY is gorilla, coder or nhooyr
//	client swarm           thousands of gorilla clients that check what they receive
//	client stream URL      one client of an event stream
//
// CLIENT_CA names a PEM file with the certificate to trust for wss://.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(words []string) error {
	trusted, err := trustedRoots(os.Getenv("CLIENT_CA"))
	switch {
	case err != nil:
		return err
	case len(words) == 2 && words[0] == "agent":
		return runAgent(words[1], trusted)
	case len(words) == 2 && words[0] == "stream":
		return runStream(words[1])
	case len(words) == 1 && words[0] == "swarm":
		return runSwarm()
	}
	return fmt.Errorf("usage: client agent LIBRARY | client swarm")
}

func trustedRoots(file string) (*tls.Config, error) {
	if file == "" {
		return &tls.Config{}, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", file)
	}
	return &tls.Config{RootCAs: roots}, nil
}
