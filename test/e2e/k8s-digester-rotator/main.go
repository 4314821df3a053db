// The rotator of certificates that k8s-digester 0.1.16 has: the library that it uses, at its version, set up as it sets
// it up. It runs beside our server in the end-to-end tests; k8s-digester's webhook is not in here.
//
//	k8s-digester-rotator --kubeconfig FILE DIRECTORY
//
// DIRECTORY is where the Secret would be mounted: the rotator waits for a file tls.crt there.
package main

import (
	"flag"
	"log/slog"
	"os"

	"github.com/go-logr/logr"
	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/manager/signals"
	metrics "sigs.k8s.io/controller-runtime/pkg/metrics/server"
)

const namespace = "digester-system"

func main() {
	flag.Parse() // --kubeconfig is the config package's
	if err := run(flag.Arg(0)); err != nil {
		slog.Error("ended", "error", err)
		os.Exit(1)
	}
}

func run(directory string) error {
	logf.SetLogger(logr.FromSlogHandler(slog.NewTextHandler(os.Stderr, nil)))
	to, err := config.GetConfig()
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return err
	}
	m, err := manager.New(to, manager.Options{
		Scheme:                 scheme,
		Metrics:                metrics.Options{BindAddress: "0"},
		HealthProbeBindAddress: "0",
	})
	if err != nil {
		return err
	}
	ready := make(chan struct{})
	if err := rotator.AddRotator(m, &rotator.CertRotator{
		SecretKey:      types.NamespacedName{Namespace: namespace, Name: "digester-webhook-server-cert"},
		CertDir:        directory,
		CAName:         "digester-ca",
		CAOrganization: "digester",
		DNSName:        "digester-webhook-service." + namespace + ".svc",
		IsReady:        ready,
		Webhooks:       []rotator.WebhookInfo{{Name: "digester-mutating-webhook-configuration", Type: rotator.Mutating}},
	}); err != nil {
		return err
	}
	go func() {
		<-ready
		slog.Info("ready")
	}()
	return m.Start(signals.SetupSignalHandler())
}
