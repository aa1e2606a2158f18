// Package ingest brings in news from outside: watched folders, feeds, FTP and
// SFTP servers, mailboxes and what others push.
//
// Its invariants:
//   - A file is kept durably, as an arrival, before anything else is done with
//     it and before its sender is told that it was taken.
//   - Every arrival ends in items or in a reason that people see, and can be
//     tried again.
//   - An update, correction, hold or kill of a known item becomes a version of
//     it, never a second item; an older version changes nothing.
package ingest
