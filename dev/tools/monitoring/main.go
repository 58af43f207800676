// Reads a stream of YAML objects, and fails for each PodMonitor, ServiceMonitor and PrometheusRule that has a field which
// the Prometheus Operator does not know, or one of another kind. Prints how many it has seen. kubernetes-validate does
// the same for Kubernetes' own kinds.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

func main() {
	seen, err := check(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(seen)
}

func check(stream io.Reader) (int, error) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(stream))
	seen := 0
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return seen, nil
		}
		if err != nil {
			return seen, err
		}
		known, err := strict(text)
		if err != nil {
			return seen, err
		}
		if known {
			seen++
		}
	}
}

// strict says whether the object is of a kind that is known here, and what is wrong with it.
func strict(text []byte) (bool, error) {
	var object struct {
		Kind     string
		Metadata struct{ Name string }
	}
	if err := yaml.Unmarshal(text, &object); err != nil {
		return false, err
	}
	kinds := map[string]any{
		"PodMonitor":     &monitoring.PodMonitor{},
		"ServiceMonitor": &monitoring.ServiceMonitor{},
		"PrometheusRule": &monitoring.PrometheusRule{},
	}
	into, known := kinds[object.Kind]
	if !known {
		return false, nil
	}
	if err := yaml.UnmarshalStrict(bytes.TrimSpace(text), into); err != nil {
		return true, fmt.Errorf("%s %s: %w", object.Kind, object.Metadata.Name, err)
	}
	return true, nil
}
