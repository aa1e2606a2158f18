# Two commands are all a newcomer needs: make run, make test.
export CGO_ENABLED = 0

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X jisr/internal/node.Version=$(VERSION)

.PHONY: run build generate assets test check bench bench-growth torture fuzz deps clean

run: build            ## two newsrooms side by side on this machine
	./bin/jisr demo

build: generate assets
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/jisr ./cmd/jisr

generate:             ## pages from their templates
	go tool templ generate -path internal/web >/dev/null

assets: internal/web/static/editor.js  ## the editor of drafts; pages work without it

internal/web/static/editor.js: assets/package-lock.json $(wildcard assets/src/*.js)
	@./scripts/assets.sh

test: deps generate assets   ## every test, on SQLite and on a real PostgreSQL
	go test -timeout 20m ./...

check: generate       ## what the code must look like before it lands
	@unformatted=$$(gofmt -l cmd internal); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	@git diff --exit-code --stat -- '*_templ.go' || { echo "the generated pages are not up to date: commit what make generate wrote"; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go mod verify
	./scripts/vulncheck.sh

bench:                ## figures and ratios; BENCH=name for one of them
	@go build -o bin/bench ./internal/bench
	@./bin/bench -name '$(BENCH)'

bench-growth:         ## latency at 10 k, 100 k and 1 M items
	@go build -o bin/bench ./internal/bench
	@./bin/bench -engines sqlite -growth 10000,100000,1000000

torture:              ## kill -9 of a real node under load, 50 times
	JISR_TORTURE_ROUNDS=50 go test -count=1 -timeout 60m -run Torture -v ./internal/node

deps:                 ## what the tests start: PostgreSQL, Chromium
	@./scripts/deps.sh

clean:
	rm -rf bin demo-data shots
