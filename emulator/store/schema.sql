-- Everything the emulator remembers. Instants are integer milliseconds since 1970 UTC.

CREATE TABLE account (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never that of a deleted one, whose requests may still be under way
    sid TEXT NOT NULL UNIQUE,
    auth_token TEXT NOT NULL,
    friendly_name TEXT NOT NULL,
    email_address TEXT NOT NULL,
    status TEXT NOT NULL,
    messages_enabled INTEGER NOT NULL,
    created INTEGER NOT NULL,
    seed INTEGER,
    mode TEXT NOT NULL,
    scenario TEXT,
    clock_mode TEXT NOT NULL,
    clock_instant INTEGER NOT NULL,
    clock_offset INTEGER NOT NULL,
    clock_started INTEGER NOT NULL,
    messages_dropped INTEGER NOT NULL DEFAULT 0,
    requests_dropped INTEGER NOT NULL DEFAULT 0,
    attempts_dropped INTEGER NOT NULL DEFAULT 0
) STRICT;

-- id is `created << 20 | arrival & 0xFFFFF`: it grows with the date, so rowid order is date order, also in FTS5,
-- even for history that arrives late. `listed` says whether GET /Messages shows the message.
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    sid TEXT NOT NULL,
    arrival INTEGER NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    sent INTEGER,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    body TEXT NOT NULL,
    media TEXT NOT NULL,
    status TEXT NOT NULL,
    direction TEXT NOT NULL,
    segments INTEGER NOT NULL,
    error INTEGER,
    callback_url TEXT NOT NULL,
    callback_method TEXT NOT NULL,
    steps TEXT NOT NULL,
    next_due INTEGER,
    rule TEXT,
    nth INTEGER NOT NULL,
    state TEXT NOT NULL,
    mode TEXT NOT NULL,
    scenario INTEGER NOT NULL,
    legacy INTEGER NOT NULL,
    listed INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX message_sid ON message (sid, account);
CREATE UNIQUE INDEX message_arrival ON message (account, arrival);
CREATE INDEX message_pending ON message (id) WHERE next_due IS NOT NULL;

-- What the platform's list finds messages by: one row for each that it shows. Kept apart from `message`, so that a step
-- of a timeline, which the list does not show yet, touches none of these indexes.
CREATE TABLE listing (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    direction TEXT NOT NULL,
    status TEXT NOT NULL,
    error INTEGER
) STRICT;

-- One for each sort, with every column that a filter asks for.
CREATE INDEX listing_date ON listing (account, id, sender, recipient, direction, status, error);
CREATE INDEX listing_sender ON listing (account, sender, id, recipient, direction, status, error);
CREATE INDEX listing_recipient ON listing (account, recipient, id, sender, direction, status, error);
CREATE INDEX listing_direction ON listing (account, direction, id, sender, recipient, status, error);
CREATE INDEX listing_status ON listing (account, status, id, sender, recipient, direction, error);

-- For each filter of few messages the sorts in which they would be far between; what is delivered does not pay for them.
CREATE INDEX listing_status_sender ON listing (account, status, sender, id, recipient, direction, error)
    WHERE status <> 'delivered';
CREATE INDEX listing_status_recipient ON listing (account, status, recipient, id, sender, direction, error)
    WHERE status <> 'delivered';
CREATE INDEX listing_status_direction ON listing (account, status, direction, id);
CREATE INDEX listing_error ON listing (account, error, id, sender, recipient, direction, status)
    WHERE error IS NOT NULL;
CREATE INDEX listing_error_sender ON listing (account, error, sender, id, recipient, direction, status)
    WHERE error IS NOT NULL;
CREATE INDEX listing_error_recipient ON listing (account, error, recipient, id, sender, direction, status)
    WHERE error IS NOT NULL;
CREATE INDEX listing_error_direction ON listing (account, error, direction, id, sender, recipient, status)
    WHERE error IS NOT NULL;
CREATE INDEX listing_error_status ON listing (account, error, status, id, sender, recipient, direction)
    WHERE error IS NOT NULL;

-- The words of the messages in `listing`.
CREATE VIRTUAL TABLE message_text USING fts5 (
    account, body, content = 'message', content_rowid = 'id', columnsize = 0,
    tokenize = 'unicode61 remove_diacritics 2'
);

-- Messages whose row in `listing` and whose words are still to be brought up to date.
CREATE TABLE changed (id INTEGER PRIMARY KEY) STRICT;
CREATE TRIGGER message_inserted AFTER INSERT ON message WHEN new.listed = 1 BEGIN
    INSERT OR IGNORE INTO changed VALUES (new.id);
END;
CREATE TRIGGER message_updated AFTER UPDATE OF listed ON message WHEN new.listed = 1 OR old.listed = 1 BEGIN
    INSERT OR IGNORE INTO changed VALUES (new.id);
END;
CREATE TRIGGER message_deleted BEFORE DELETE ON message WHEN old.listed = 1 OR
    EXISTS (SELECT 1 FROM changed WHERE id = old.id)
BEGIN
    INSERT INTO message_text (message_text, rowid, account, body)
    SELECT 'delete', old.id, old.account, old.body WHERE EXISTS (SELECT 1 FROM listing WHERE id = old.id);
    DELETE FROM listing WHERE id = old.id;
    DELETE FROM changed WHERE id = old.id;
END;

-- One row for each attempt to tell the app of a status, also those still to come.
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL,
    message INTEGER NOT NULL,
    status TEXT NOT NULL,
    error INTEGER,
    number INTEGER NOT NULL,
    due INTEGER NOT NULL,
    sent INTEGER,
    outcome TEXT NOT NULL,
    answer INTEGER,
    duration REAL,
    problem TEXT NOT NULL,
    forged INTEGER NOT NULL,
    garbled INTEGER NOT NULL,
    url TEXT NOT NULL,
    method TEXT NOT NULL,
    added TEXT NOT NULL
) STRICT;
CREATE INDEX attempt_message ON attempt (message);
CREATE INDEX attempt_account ON attempt (account, id);
CREATE INDEX attempt_pending ON attempt (due) WHERE outcome = 'pending';

CREATE TABLE handset (
    account INTEGER NOT NULL,
    number TEXT NOT NULL,
    state TEXT NOT NULL,
    sends INTEGER NOT NULL DEFAULT 0,
    fetches INTEGER NOT NULL DEFAULT 0,
    texts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, number)
) STRICT, WITHOUT ROWID;

-- What the app asked, and what it was answered.
CREATE TABLE request (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    at INTEGER NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    parameters TEXT NOT NULL,
    answer INTEGER,
    answer_body TEXT NOT NULL,
    rule TEXT
) STRICT;
CREATE INDEX request_account ON request (account, id);

-- Texts of scenarios that decided messages, for `explain`.
CREATE TABLE scenario (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX scenario_account ON scenario (account, id);

-- Numbers and applications: what the platform's resources show is JSON under the platform's keys.
CREATE TABLE number (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    sid TEXT NOT NULL,
    number TEXT NOT NULL,
    friendly_name TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    settings TEXT NOT NULL,
    from_scenario INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX number_number ON number (account, number);
CREATE UNIQUE INDEX number_sid ON number (sid);

CREATE TABLE application (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    sid TEXT NOT NULL,
    friendly_name TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    settings TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX application_sid ON application (sid);
CREATE INDEX application_account ON application (account, id);

CREATE TABLE notification (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL,
    sid TEXT NOT NULL,
    created INTEGER NOT NULL,
    log INTEGER NOT NULL,
    code INTEGER NOT NULL,
    text TEXT NOT NULL,
    request_url TEXT NOT NULL,
    request_method TEXT NOT NULL,
    request_variables TEXT NOT NULL,
    response_headers TEXT NOT NULL,
    response_body TEXT NOT NULL
) STRICT;
CREATE INDEX notification_account ON notification (account, id);
CREATE UNIQUE INDEX notification_sid ON notification (sid);

-- Attachments of inbound messages, which the app fetches from us: the bytes, or where they are.
CREATE TABLE media (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL,
    name TEXT NOT NULL UNIQUE,
    content_type TEXT NOT NULL,
    source TEXT NOT NULL,
    content BLOB NOT NULL
) STRICT;
CREATE INDEX media_account ON media (account, id);

-- What RCML asked to be mailed: recorded, not sent.
CREATE TABLE email (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account INTEGER NOT NULL,
    at INTEGER NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    cc TEXT NOT NULL,
    bcc TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX email_account ON email (account, id);
