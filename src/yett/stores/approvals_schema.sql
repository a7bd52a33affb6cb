-- state.db, what schema 3 adds: people decide on calls.

-- Requests for approval: those that wait, those that were decided, and what became of the call.
CREATE TABLE approvals (
  id TEXT PRIMARY KEY,
  binding TEXT NOT NULL,
  organisation TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  target TEXT NOT NULL,
  state TEXT NOT NULL,
  created_ns INTEGER NOT NULL,
  expires_ns INTEGER NOT NULL,
  body TEXT NOT NULL -- JSON of yett.approvals.model.Approval
) STRICT, WITHOUT ROWID;
CREATE INDEX approvals_by_binding ON approvals (binding, state);
CREATE INDEX approvals_by_grant ON approvals (grant_id, state);
CREATE INDEX approvals_by_state ON approvals (state, expires_ns);
CREATE INDEX approvals_by_time ON approvals (organisation, created_ns);

-- Calls that need not be asked for until a time.
CREATE TABLE exemptions (
  id TEXT PRIMARY KEY,
  organisation TEXT NOT NULL,
  grant_id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  target TEXT NOT NULL,
  until_ns INTEGER NOT NULL,
  body TEXT NOT NULL -- JSON of yett.approvals.model.Exemption
) STRICT, WITHOUT ROWID;
CREATE INDEX exemptions_by_grant ON exemptions (grant_id, target, until_ns);

-- Members who have another one vote in their place.
CREATE TABLE delegations (
  id TEXT PRIMARY KEY,
  organisation TEXT NOT NULL,
  to_member TEXT NOT NULL,
  until_ns INTEGER NOT NULL,
  body TEXT NOT NULL -- JSON of yett.approvals.model.Delegation
) STRICT, WITHOUT ROWID;
CREATE INDEX delegations_by_member ON delegations (organisation, to_member, until_ns);

-- What was sent about a request, so that it is sent once, whatever restarts.
CREATE TABLE approval_notices (
  approval TEXT NOT NULL,
  channel TEXT NOT NULL,
  kind TEXT NOT NULL,
  at_ns INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  done INTEGER NOT NULL,
  PRIMARY KEY (approval, channel, kind)
) STRICT, WITHOUT ROWID;

-- Of a judged call, the request that it came to, the approval that it spent, or the exemption by which it passed.
CREATE TABLE consents (
  seq INTEGER PRIMARY KEY,
  consent TEXT NOT NULL
) STRICT;
CREATE INDEX consents_by_consent ON consents (consent);
