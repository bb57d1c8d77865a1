// Command greeter is the service of the stories: it answers each request with a greeting that holds its version. Its
// environment says how it behaves:
//
//	PORT        where it listens; 8080
//	VERSION     what it calls itself; 1
//	FAIL_EVERY  every so many requests one is answered 500; 0: none
//	EXIT        it says this, and exits at once with status 3
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	log.SetFlags(0)
	if last := os.Getenv("EXIT"); last != "" {
		log.Print(last)
		os.Exit(3)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := serve(ctx); err != nil {
		log.Fatal(err)
	}
}

// serve greets until ctx ends; requests under way are answered then.
func serve(ctx context.Context) error {
	version := cmp.Or(os.Getenv("VERSION"), "1")
	failEvery, err := strconv.ParseInt(cmp.Or(os.Getenv("FAIL_EVERY"), "0"), 10, 64)
	if err != nil {
		return fmt.Errorf("FAIL_EVERY: %w", err)
	}
	server := &http.Server{
		Addr: ":" + cmp.Or(os.Getenv("PORT"), "8080"), Handler: greeter(version, failEvery), ReadHeaderTimeout: 10 * time.Second,
	}
	done := make(chan error, 1)
	context.AfterFunc(ctx, func() { done <- server.Shutdown(context.WithoutCancel(ctx)) })
	log.Printf("greeter %s listens on %s", version, server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-done
}

func greeter(version string, failEvery int64) http.Handler {
	var requests atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if n := requests.Add(1); failEvery > 0 && n%failEvery == 0 {
			log.Printf("greeter %s fails request %d", version, n)
			http.Error(w, "out of luck", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, "hello from version %s\n", version)
	})
}
