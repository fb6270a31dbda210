// Command nhipcau is the house of a province's Fatherland Front in one program.
package main

import (
	"os"

	"github.com/nhipcau/nhipcau/internal/app"
)

func main() { os.Exit(app.Main(os.Args[1:], os.Stdout, os.Stderr)) }
