package deployjson

import (
	"time"

	"serin.dev/serin/internal/delivery"
)

// File is a deploy.json whose keys were all checked, defaults filled in.
type File struct {
	EnvironmentName  string
	MicroserviceName string
	Namespace        string // DNS suffix of the environment's services, such as "yelb.local"
	Protocol         delivery.Protocol
	Port             int // the callers', 1 to 65535

	PercentageStep        int // 1 to 100
	WaitTime              time.Duration
	Holdback              int // percent that the last step before 100 leaves to stable; 0: no such step
	FailureThresholdValue int // failures that are still healthy; -1: any number
	FailureThresholdTime  time.Duration
	Judgement             delivery.Judgement

	RetryOn       delivery.Retries
	KeepPrevious  time.Duration
	DeployTimeout time.Duration
	NoTraffic     delivery.NoTraffic
	Hosts         []string // the hosts the gateway answers for; empty: every host
	Path          string   // the path prefix the gateway routes by, "/" by default

	// What a build adds; empty before.
	Sha            string // 7 to 64 hexadecimal digits: the commit, or how it begins
	ContainerImage string
	CanaryTemplate []byte // canary-helper.yaml, no longer in base64

	lines map[string]int
}

// Line gives the line of a key, 0 when the file does not have it.
func (f File) Line(key string) int { return f.lines[key] }

// Service is the service's name within its environment.
func (f File) Service() delivery.ServiceID {
	return delivery.ServiceID{Environment: f.EnvironmentName, Name: f.MicroserviceName}
}

// Policy says how the service is released.
func (f File) Policy() delivery.Policy {
	return delivery.Policy{
		Step:          f.PercentageStep,
		Wait:          f.WaitTime,
		Holdback:      f.Holdback,
		KeepPrevious:  f.KeepPrevious,
		FailureValue:  f.FailureThresholdValue,
		FailureWindow: f.FailureThresholdTime,
		DeployTimeout: f.DeployTimeout,
		NoTraffic:     f.NoTraffic,
		Retries:       f.RetryOn,
		Judgement:     f.Judgement,
	}
}
