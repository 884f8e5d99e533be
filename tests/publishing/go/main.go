// Command publishing carries out the test's commands with the page's announce and tokenFor (README.md).
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
)

// Order is what the page's example publishes.
type Order struct {
	ID    int    `json:"id"`
	Title string `json:"title"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		command, argument, _ := strings.Cut(lines.Text(), " ")
		switch command {
		case "create":
			announce(context.Background(), Order{1, argument})
			fmt.Println("created")
		case "token":
			token, err := tokenFor(argument)
			if err != nil {
				fmt.Println("failed:", err)
				continue
			}
			fmt.Println("token", token)
		}
	}
}
