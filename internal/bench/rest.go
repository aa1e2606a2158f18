package main

import "context"

func publish(context.Context, *env) error { return nil }
func visible(context.Context, *env) error { return nil }
func proofs(context.Context, *env) error { return nil }
func verifyOffline(context.Context, *env) error { return nil }
func startTime(context.Context, *env) error { return nil }
func memory(context.Context, *env) error { return nil }
func growthCurve(context.Context, *env, string) error { return nil }
