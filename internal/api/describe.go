package api

import (
	_ "embed" // for openapi.json
	"net/http"
)

// contract is the OpenAPI 3.1 description of everything under /api/v1.
//
//go:embed openapi.json
var contract []byte

func (s *server) describe(w http.ResponseWriter, _ *call) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, err := w.Write(contract)
	return err
}
