package tftest

import (
	"bufio"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"sslpipe/internal/tf"
)

// The processes of a cluster are test binaries: a package whose tests need one has
//
//	func TestBeWorker(t *testing.T) { tftest.BeWorker(t) }

// chiefVariable is set for the chief; workerVariable holds the addresses of the cluster in
// which a process is worker 1.
const (
	chiefVariable  = "SSLPIPE_TEST_CHIEF"
	workerVariable = "SSLPIPE_TEST_CLUSTER"
)

// BeWorker is worker 1 of a cluster where StartWorker has started the process, and skips
// the test elsewhere.
func BeWorker(t *testing.T) {
	t.Helper()
	addresses := os.Getenv(workerVariable)
	if addresses == "" {
		t.Skip("it is a process of tests with a cluster")
	}
	Load(t)
	s, err := Serve(t, strings.Split(addresses, ","), 1, "second")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("serving")
	for !s.Dismissed() {
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Println("dismissed")
}

// InProcess runs a test in a process of its own, with TensorFlow, since a process has one
// server.
func InProcess(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	if os.Getenv(chiefVariable) != "" {
		Load(t)
		test(t)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), chiefVariable+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Serve starts the server of a worker, with one thread.
func Serve(t testing.TB, addresses []string, task int, identity string) (*tf.Server, error) {
	t.Helper()
	listen, err := netip.ParseAddrPort(addresses[task])
	if err != nil {
		t.Fatal(err)
	}
	return tf.Serve(tf.Cluster{Addresses: addresses, Listen: listen, Threads: 1}, task, identity)
}

// FreeAddresses are two addresses of this machine that nobody listens on, one of IPv4
// and, where the machine has it, one of IPv6.
func FreeAddresses(t testing.TB) []string {
	t.Helper()
	var addresses []string
	for _, choices := range [][]string{{"127.0.0.1:0"}, {"[::1]:0", "127.0.0.2:0"}} {
		var l net.Listener
		var err error
		for _, choice := range choices {
			if l, err = net.Listen("tcp", choice); err == nil {
				break
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }() // both are held until both are found
		addresses = append(addresses, l.Addr().String())
	}
	return addresses
}

// StartWorker starts worker 1, and returns when it serves, with a wait for its words.
func StartWorker(t testing.TB, addresses []string) (*exec.Cmd, func() string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestBeWorker$", "-test.v")
	cmd.Env = append(os.Environ(), workerVariable+"="+strings.Join(addresses, ","))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "serving" {
	}
	return cmd, func() string {
		var text strings.Builder
		for lines.Scan() {
			text.WriteString(lines.Text() + "\n")
		}
		_ = cmd.Wait()
		return text.String()
	}
}
