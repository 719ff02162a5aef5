package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// tls is how to serve; nil for plain HTTP.
func (s *settings) tls() (*tls.Config, error) {
	cert, key := s.cert, s.key
	switch {
	case s.plain && (cert != "" || s.auto != ""):
		return nil, errors.New("--plain and a certificate: want one of them")
	case s.plain:
		return nil, nil
	case s.auto != "":
		cert, key = filepath.Join(s.auto, "cert.pem"), filepath.Join(s.auto, "key.pem")
		if _, err := os.Stat(cert); errors.Is(err, os.ErrNotExist) {
			if err := selfSign(s.auto, cert, key); err != nil {
				return nil, fmt.Errorf("self-signed certificate: %w", err)
			}
		}
	case cert == "" || key == "":
		return nil, errors.New("no certificate: set --tls-cert and --tls-key, or --tls-self-signed for a trial, or --plain behind a proxy")
	}
	l := &pair{cert: cert, key: key}
	if _, err := l.get(nil); err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: l.get}, nil
}

// pair is a certificate on disk, which may be renewed there.
type pair struct {
	cert, key string

	mu     sync.Mutex
	read   time.Time
	loaded *tls.Certificate
}

func (p *pair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.loaded != nil && time.Since(p.read) < time.Minute {
		return p.loaded, nil
	}
	p.read = time.Now()
	c, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		if p.loaded != nil { // in the middle of being renewed
			return p.loaded, nil
		}
		return nil, fmt.Errorf("certificate: %w", err)
	}
	p.loaded = &c
	return p.loaded, nil
}

// selfSign makes a certificate of this machine's names, for a year.
func selfSign(dir, cert, key string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	names := []string{"localhost"}
	if h, err := os.Hostname(); err == nil {
		names = append(names, h)
	}
	t := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "Agent ID central, self-signed"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), DNSNames: names,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true, IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, t, t, k.Public(), k)
	if err != nil {
		return err
	}
	kder, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return err
	}
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: kder}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}
