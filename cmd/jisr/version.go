package main

import (
	"fmt"
	"io"
	"runtime"

	"jisr/internal/node"
)

type versionCmd struct{}

func (c *versionCmd) Run(a *app) error {
	v := struct {
		Version  string `json:"version"`
		Protocol int    `json:"protocol"`
		Go       string `json:"go"`
		Platform string `json:"platform"`
	}{node.Version, 1, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
	return a.show(v, func(w io.Writer) {
		fmt.Fprintf(w, "jisr %s, protocol %d, %s, %s\n", v.Version, v.Protocol, v.Go, v.Platform)
	})
}
