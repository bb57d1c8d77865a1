// Command asker is a service that calls another: it answers each request with what the service at the URL in its
// variable ASK answers, and with 502 when that does not. It listens on port 8080.
package main

import (
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

func main() {
	log.SetFlags(0)
	server := http.Server{Addr: ":8080", Handler: ask(os.Getenv("ASK")), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.ListenAndServe())
}

func ask(url string) http.HandlerFunc {
	client := http.Client{Timeout: 10 * time.Second}
	return func(w http.ResponseWriter, _ *http.Request) {
		answer, err := client.Get(url)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body) // who asked sees when it is cut off
	}
}
