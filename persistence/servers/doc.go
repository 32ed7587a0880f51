// Package servers starts private Redis and PostgreSQL processes for tests and
// load tests: on loopback, on ports that were free, in folders of their own.
// Production code never imports it.
//
// A server is ready when its constructor returns. It dies with the process that
// started it, also when that one is killed (Linux), and Stop removes its folder.
// Kill, Freeze, Thaw and Restart do to it what the real world does.
//
// What is started is what the machine has installed; where something is missing
// the error says what to install.
package servers
