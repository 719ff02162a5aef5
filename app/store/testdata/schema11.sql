-- A database as the release before schema 12 left it, schema 11: made once, never
-- to be edited. The master key is the bytes 1 to 32; people 1 to 3 were registered
-- here, person 2's badge is revoked and their face taken back, person 3 has been
-- erased. Person 5 came from the centre, with a badge; the last page ended at e.7.
PRAGMA application_id = 1095190852;
PRAGMA user_version = 11;
CREATE TABLE device (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    id           TEXT    NOT NULL,
    next_seq     INTEGER NOT NULL DEFAULT 1 CHECK (next_seq >= 1),
    key_check    BLOB    NOT NULL, -- opens with the right master key only
    snapshot_key BLOB    NOT NULL, -- wrapped by the master key
    created_at   INTEGER NOT NULL  -- microseconds since 1970, as all times here
, pin_pepper BLOB, names_indexed INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO device VALUES(1,'50ba5c2c-dcbc-45c2-842b-c16a2397b10d',10,X'01dbcc3735afe1ae7a7f68faddc694362053b170c375cf9b26a1621eb6a0dba96fcba7d089d6c40078f173118b344487',X'01149ddf224a494321e6bffeb00839c82f9a3cb176d36d5d34d9da5161ea7a8c7ee6a16274424078f6aef215fe61ef13518a9ab2043c60d721348bae97',1773480413589793,X'01674e732073275daadce16b489f79ab18ce1bf86731ffc2fdca591c14fd969294e720e406ee76c40141b627884d31e9e0b43b982f4369839fe7de3bd8',1);
CREATE TABLE people (
    id          TEXT    PRIMARY KEY,
    wrapped_key BLOB,              -- the person's data key, wrapped; gone first
    name        BLOB,              -- sealed with the data key
    created_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL CHECK (version >= 1),
    erased_at   INTEGER,
    CHECK (erased_at IS NULL OR (wrapped_key IS NULL AND name IS NULL))
) STRICT;
INSERT INTO people VALUES('01950000-0000-7000-8000-000000000001',X'01d7dd77e774b64def7902ff3f3f9655376b770c2813779224d5c984f2cb7a8ee4a8910c03adcc11fd27bfcc550a7660d1e181af1b2417f25ce75ef439',X'01a35b5d05fc6077ffeee7ac699e14d4fea2dbbe34709a233995c65750a1aeb2c4b2db99d5659264df765a9424',1773480414589793,1,NULL);
INSERT INTO people VALUES('01950000-0000-7000-8000-000000000002',X'017605bfd799c505e231983721184129fbb63967165175771514b0a36bf5edc96443a5fe4ce784bf2273c2631e16b57fd328bbf8435af6c38c5aeb93b0',X'0186e375e65fdb261ddc9734ebdee8c32afa2ee20521cd1abd0e1ee8e8c4526abcc1084ec32fb8d465e8c356f4',1773480415589793,2,NULL);
INSERT INTO people VALUES('01950000-0000-7000-8000-000000000003',NULL,NULL,1773480416589793,2,1773480413589793);
INSERT INTO people VALUES('01950000-0000-7000-8000-000000000005',X'0156d2dc16a00fff859f2ff568261a9cbcd695d93cdbcd86cf89fd2a69ea88adba1c77758d5a2c91d20d3eb065b4fb06628cc130826dc6301715688400',X'0176a17346f592384947b128a40f152101116ca5f39f5434b586e26ee5cccf1f6fe9624c87f015218f0051d747',1773480418589793,1,NULL);
CREATE TABLE templates (
    id              TEXT    PRIMARY KEY,
    person          TEXT    NOT NULL REFERENCES people (id),
    encoder         TEXT    NOT NULL,
    encoder_version TEXT    NOT NULL,
    vector          BLOB    NOT NULL, -- sealed with the data key
    quality         REAL    NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;
INSERT INTO templates VALUES('01950000-0000-7000-8000-0000000f4628','01950000-0000-7000-8000-000000000001','test','1',X'01097f1c46b1f6a9e1d23180c2fc6519d2f2b6997e2c1c00cdce42fd2a2d1345c44a18e9e6222523853b843847885884cb8694e92b977de789e1d4bbea8a8ec0f1dfbddf5a2256ddac92b2863322bbde9cc9786d90ab503e86dbddb8ac93bda5635fcb531496b6788c18e1e347843966b72cd2226fa877a11f511c7234396dda604c3de0c5d61d5dcecf52962c4957c7df7939e831a9be6b8c19a091f2c55a7c7c1681366148dec8d63388d2be84761f62f8685b5d6355af45cb130502640386645309c9eccd1c73d3147e0ea9f55b50a905618af322e43c75da289b16459472b429b7ae28e4253f80d1ee9620e673440a3089b6e2f9094d06196e4a80cd8fa733d7570b903ad6b74503d1f05337436fc14b01e51e008e1496b55a035c11e3cf5bff0a9e0b49911c79a3966d4d106f2168a09bf19f49c9bad7c6ae6ac299c0cc6be337cc45eea939009aed32f15f079089be4087672a0a438f81f6dbafdd03fe3f29da40f17d15b163b877b77e368090b0588712dcb276809c99b4748f87cfa4d30e11c6c98ffc1fe5a9e8e9226c177f15336848119d4e7902dd2c15d85bdb8e39695d7ff468abebeeebd673096bef1560f0a90ba8ba73c2c7a0a273d24832615017eb3046d6b05a26b36afdc64aa7bc399cdc938dc7a10325d778870a1daf76c3a5959742742f26111003575c1d2ad1212d7f76f9eb29b5a868b0eb734e00958ced86a8475ec12a8d2f7b25a33a8a818e9aaacace3da848020c82d594a0da',0.75,1773480413589793);
INSERT INTO templates VALUES('01950000-0000-7000-8000-0000000f4629','01950000-0000-7000-8000-000000000001','test','1',X'01f9148722d470fa23794491dccd0da83885f24d8133554243771c037ec36edcead7754554914b4563f1ff6a3e33827ed8738197f83633a093604abee7f1cb7f0e0a271e1133ff0a13de163cb8a6a25a9128d92a07f218ae7d1ecbf7654b67de09fa3398e8fe305783dfc136702a993c3462688d77dfa6473b985e85d4d0db766cffb427fe90fdccf386f90e61a72b808c22dbb0f463f6a9602046df0d7743cdc6d65026e6853f52a5acdede8817d592ec09c81155a4af8b2452212b0875c27d4c0ecb137fa0531ea43fe830826c80b8905b8deb1156610b9de5adc82573ceb775bef4bd065b6bcc58cd0d149f9e205a8a4b41301e475756cbc7b3fc2b6a409914aae6e21bf3ce02cdf3396fac77808affad55a70cf4bb078d882d701cb751b1a3a2db3a95e8712f605f639bfff6b0e5fed94c22cd60d633f95b9f8f8ec882a4332a707147742ccdf6515929c93abc9135dc9affb763f198336caf3c383f59fa5b12cc9bdbff958ece90a48aab57647aa79c7cc198a0554c943c735703b499f66c10f8c756f26f84f4858647fafabd69ffa268a6ceac3982327cdee682afa8a808f8d5f77fa10583d9e67b09ebcd0daa66a5f6f285a2178d1316b49e4c41c6fecd6cb21b41fe8f40321a9bac8f98ef9b3523b22018f8d4011a2adc565fe554677c7f905b6867c5c99751a8371d170e039d4f32bbb8b89894b6d692f849b75d56c3210de01042e12ae8ac6c14e692e40c0687fe195a46f18599013088524080',0.75,1773480413589793);
INSERT INTO templates VALUES('01950000-0000-7000-8000-0000000f55c8','01950000-0000-7000-8000-000000000005','test','1',X'01738c3f7910103c42338e1c3ce1ba1401d2eef6076266cc521a63f2307d90b32c48d94f0bc6f8461583111304d61c46cad88168b6725910bf05975ad8c717a05298a45ae566296a87df09d2535b8edc555387ec3a1a68a1cfed2cc70c824ad203ce3941147c676cda64aa59c74f1c8e0a7692f7f5722c380b2cd520bfbe6f7e4df124aa9556670b0ebee87b7fa0a3143273351cf9520fdbd2df1dd9c8fc265205bfb94671090e3f866bac7a0401a419face2b64db0bf23aa379f17e306aa138c953474ecc9e998948afd4c3401c941a86edc384411058ec0edfcbfac3684da211938e3ebe1bbc38acf56e58f4cf214939af61272a367689179e874ae47874c8316308f3d7940a4ec1ed50d9a7b052fbccf2fa28a62eb19210b84f7e086d0eda1ff19ebcc2255c3370911849ba63141204b99df3ae0d20252f49b1e27a252523186f65d60ecbac647b04c31194a272dd1d232d826371a4295c4c4df4d8c795c7400e5aaf8d0d5495d8b3c3dec284c913d9e7aacfb947f09807dfef97e66a1a9648deaf8effe6fd1b0e222c9d708198ee4fcf275ab4929ef9b72573833eef13d020fa9a466973333c71bf97a3dc0de4b6094fa0fb32ed6e516625c63f912781ecc5ac4e0258d1b33212e4cd07a12e7bc3ee6066474e1ba3e88f5cfe9d3b56bb20c4a61c649e6eca74e0f3c1222b3ec312affb84921e955076dbcf2c07a8239bee82f7c666e91c73cbebe5677f06ba7160d68909365f38424ca881f6e9a3a5eb',0.75,1773480413589793);
INSERT INTO templates VALUES('01950000-0000-7000-8000-0000000f55c9','01950000-0000-7000-8000-000000000005','test','1',X'01342242b8e9c9779fe3c8de7c27bb939fe35f84609d75566c1f13c0d8626a7324cb373a3d4b56e30b62ac433b8e1f459755f65eff5d27302672bf0384184e2ca662809a23d521c39286c420c3327cd61e5d88b7316a1f4046a197d9ed4bac73590912f34e998bc72812f36bea87ddff095b46bee29b378bc35854d1bebd362d8db24f888e63045fa633da92990351c31fe1492896a7a56a45a67fc43089a2eec2dcee58c1d204649360a94c30a32dbe7466ad673887ae04b4539aac1cd1447772f1b6bff59aa8776923a4dd85eb2dcbb382ebb7eb9a5a617a5a3cce433e5536f44949a67838f91d6d1bbdd5f5cc718e9c5059e0c6b0217c1363ec8bff840cdb8cb93103732bece6ddac2fed5131f81e9267e15ab97c3d9b67b5c7f7674e923acda30b6b6dad65cbb9d5fea61aa1d7a98ad4a26ddc69b7645e1e23143949b22f2537b5b0ac86a10a36c08e97fa6bfb29f450fd7ea527c8511ba4950ca89f2eb35655a53bd1bb4674a9c0fd4bdd0a944dcf98700a45522d033a6345884d8f721ad4cdabfccb57ca5a06c1d70f74dca3a4fd5503a81390c929478ba8d9cfd0296b21e790c4a9ff8b4cc1e9b0b93c434c55eb071bfe8502efe1304e9f1a9f3a01eaf632072fc5c2e01c26c1b7910e062066253d3927ce0e13434497db46ced6742bed853b405845e4951c9a8751f22b13917f14b438b3a0c3fc271979627ee98fd1e0ca0725236a2703b7498cb885572a9b7300dcbf680060b28cb190e5a19b98',0.75,1773480413589793);
CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO settings VALUES('gallery.changed','20');
CREATE TABLE snapshots (
    hash       TEXT    PRIMARY KEY, -- SHA-256 of the picture, hex
    size       INTEGER NOT NULL,    -- of the picture, in bytes
    created_at INTEGER NOT NULL,
    dropped_at INTEGER              -- when its file was removed
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
    seq             INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    kind            TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    at              INTEGER NOT NULL,
    person          TEXT,
    about           TEXT,
    distance        REAL    NOT NULL,
    second          REAL    NOT NULL,
    threshold       REAL    NOT NULL,
    metric          TEXT    NOT NULL,
    votes           INTEGER NOT NULL,
    frames          INTEGER NOT NULL,
    quality         REAL    NOT NULL,
    encoder         TEXT    NOT NULL,
    encoder_version TEXT    NOT NULL,
    detector        TEXT    NOT NULL,
    snapshot        TEXT    REFERENCES snapshots (hash)
, badge TEXT, liveness REAL NOT NULL DEFAULT 0, liveness_reason TEXT NOT NULL DEFAULT '', staff TEXT) STRICT;
INSERT INTO events VALUES(1,'019cebab-8995-7f24-adad-6329b258eea9','registration','registered',1773480413589793,'01950000-0000-7000-8000-000000000001',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL,NULL,0.0,'',NULL);
INSERT INTO events VALUES(2,'019cebab-8995-740f-8d0b-d67d92f03831','badge','badge_issued',1773480413589793,'01950000-0000-7000-8000-000000000001',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL,NULL,0.0,'',NULL);
INSERT INTO events VALUES(3,'019cebab-8995-7dfe-a2f2-04fdc304a544','registration','registered',1773480413589793,'01950000-0000-7000-8000-000000000002',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL,NULL,0.0,'',NULL);
INSERT INTO events VALUES(4,'019cebab-8995-7683-900b-e791b0069e58','badge','badge_issued',1773480413589793,'01950000-0000-7000-8000-000000000002',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL,NULL,0.0,'',NULL);
INSERT INTO events VALUES(5,'019cebab-8995-7c01-8b6f-8b0fa36ec35e','registration','registered',1773480413589793,'01950000-0000-7000-8000-000000000003',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL,NULL,0.0,'',NULL);
INSERT INTO events VALUES(6,'019cebab-8995-7906-bdab-7ecf3887adc7','badge','badge_issued',1773480413589793,'01950000-0000-7000-8000-000000000003',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL,NULL,0.0,'',NULL);
INSERT INTO events VALUES(7,'019cebab-8995-7fa9-afc4-5c8a32597c5e','badge','badge_revoked',1773480413589793,'01950000-0000-7000-8000-000000000002',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL,NULL,0.0,'',NULL);
INSERT INTO events VALUES(8,'019cebab-8995-70a5-8354-de82ae7ff6e7','erasure','erased_by_person',1773480413589793,'01950000-0000-7000-8000-000000000003',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL,NULL,0.0,'',NULL);
INSERT INTO events VALUES(9,'019cebab-8995-7b3a-89c0-99fd3c4fd83d','erasure','consent_withdrawn',1773480413589793,'01950000-0000-7000-8000-000000000002',NULL,0.0,0.0,0.0,'',0,0,0.0,'','','',NULL,NULL,0.0,'',NULL);
CREATE TABLE outbox (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    ref        TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER NOT NULL,
    state      TEXT    NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead')),
    last_error TEXT    NOT NULL DEFAULT '',
    UNIQUE (kind, ref)
) STRICT;
INSERT INTO outbox VALUES(1,'event','019cebab-8995-7f24-adad-6329b258eea9',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(2,'event','019cebab-8995-740f-8d0b-d67d92f03831',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(3,'event','019cebab-8995-7dfe-a2f2-04fdc304a544',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(4,'event','019cebab-8995-7683-900b-e791b0069e58',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(5,'event','019cebab-8995-7c01-8b6f-8b0fa36ec35e',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(6,'event','019cebab-8995-7906-bdab-7ecf3887adc7',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(7,'event','019cebab-8995-7fa9-afc4-5c8a32597c5e',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(8,'event','019cebab-8995-70a5-8354-de82ae7ff6e7',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(9,'erasure','01950000-0000-7000-8000-000000000003',1773480413589793,0,1773480413589793,'pending','');
INSERT INTO outbox VALUES(10,'event','019cebab-8995-7b3a-89c0-99fd3c4fd83d',1773480413589793,0,1773480413589793,'pending','');
CREATE TABLE profiles (
    person        TEXT PRIMARY KEY REFERENCES people (id),
    document      BLOB NOT NULL,        -- sealed with the person's data key
    document_hash BLOB NOT NULL UNIQUE, -- HMAC-SHA256, its key derived from the master key
    contact       BLOB NOT NULL         -- sealed with the person's data key
) STRICT, WITHOUT ROWID;
INSERT INTO profiles VALUES('01950000-0000-7000-8000-000000000001',X'019d5e19429bd2af85ee84350129b23534d28874c2944e4b8d1b52d82d81194f04720a38caa046',X'406cefc76fd72fe47e408f540e83988e0665098da06e651d575ad60ac52ac94e',X'01450ce0d7f6714828c8bdd386f7c3a8a67b563d5da03f5fe68b13c0892c1aa71c0d093d2a84090fcbe5384def01792b2332');
INSERT INTO profiles VALUES('01950000-0000-7000-8000-000000000002',X'0140983252e9656472471193c383fc4dd2a85bd0ece6dfe9ca0481050035aec05ff564b8d82fbf',X'6bd173eca3c1ea4d84036d374d93ffa9ee41389f7f9ecfa02fdd00d9f7e28496',X'011c3f34ede76b0cb44214f45a69fbd6130d26cdac3e01460a0f4d17f40b155007944cf9e9d5dda7d5704b0f131baddcf606');
INSERT INTO profiles VALUES('01950000-0000-7000-8000-000000000005',X'019a8f5694463a0fbc7a56dfa3767d314ba00932815d7a10dc08c84ebf988d700c792abe7e5545',X'dabf4a9aab18c5cf2c02c0383d9696bf44494f2242b642e33910df896bd4666e',X'017ca8823fa7258074ffb93ec00bda3411fedfc3b76a4c3a00e8cf3d3f432bcbcdfe8fd6aa22c526247bc08efece889330dc');
CREATE TABLE pins (
    person TEXT PRIMARY KEY REFERENCES people (id),
    secret BLOB NOT NULL -- cost, salt and argon2id hash, sealed with the data key
) STRICT, WITHOUT ROWID;
INSERT INTO pins VALUES('01950000-0000-7000-8000-000000000001',X'0172526ba97a44a639bcc8492f96b2691ecb06666a9ed4b6a0a3fd746742ec801b4148a27c8334b8cb40abdc67a16b6d097663a24c056c9ad3d4a741430fc08043b46e0fda57cfe24a1c8b60ffc341025cf4b8e31b872b');
INSERT INTO pins VALUES('01950000-0000-7000-8000-000000000002',X'0178ad95d813325980870a22293dfae53b49e09e464462eca3f2215b6d08ab11c329a254d8562975973f69f9a70051b17e4fc350619e61d29f99a0871056d52c63b73320ede47e340a867458e50aefe66cb85006b680f7');
CREATE TABLE consents (
    id          TEXT    PRIMARY KEY,
    person      TEXT    NOT NULL REFERENCES people (id),
    version     TEXT    NOT NULL,
    text_sha256 TEXT    NOT NULL,
    lang        TEXT    NOT NULL,
    method      TEXT    NOT NULL,
    device      TEXT    NOT NULL,
    at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO consents VALUES('01950000-0000-7000-8000-0000001e8481','01950000-0000-7000-8000-000000000001','2026-03','0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','es','kiosk_touch','01950000-0000-7000-8000-00000000002a',1773480414589793);
INSERT INTO consents VALUES('01950000-0000-7000-8000-0000001e8482','01950000-0000-7000-8000-000000000002','2026-03','0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','es','kiosk_touch','01950000-0000-7000-8000-00000000002a',1773480415589793);
CREATE TABLE consent_purposes (
    consent      TEXT    NOT NULL REFERENCES consents (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,
    purpose      TEXT    NOT NULL,
    granted      INTEGER NOT NULL CHECK (granted IN (0, 1)),
    withdrawn_at INTEGER CHECK (withdrawn_at IS NULL OR granted = 1),
    PRIMARY KEY (consent, position),
    UNIQUE (consent, purpose)
) STRICT, WITHOUT ROWID;
INSERT INTO consent_purposes VALUES('01950000-0000-7000-8000-0000001e8481',0,'face',1,NULL);
INSERT INTO consent_purposes VALUES('01950000-0000-7000-8000-0000001e8481',1,'data',1,NULL);
INSERT INTO consent_purposes VALUES('01950000-0000-7000-8000-0000001e8482',0,'face',1,1773480413589793);
INSERT INTO consent_purposes VALUES('01950000-0000-7000-8000-0000001e8482',1,'data',1,NULL);
CREATE TABLE badges (
    id         TEXT    PRIMARY KEY,
    person     TEXT    NOT NULL REFERENCES people (id),
    not_before INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    templates  INTEGER NOT NULL,
    revoked_at INTEGER,
    revoked    TEXT    NOT NULL DEFAULT '',
    CHECK (not_before < expires),
    CHECK ((revoked_at IS NULL) = (revoked = ''))
) STRICT, WITHOUT ROWID;
INSERT INTO badges VALUES('01950000-0000-7000-8000-0000002dcaa8','01950000-0000-7000-8000-000000000001',1773480413589793,1805016413589793,1,NULL,'');
INSERT INTO badges VALUES('01950000-0000-7000-8000-0000002dce90','01950000-0000-7000-8000-000000000002',1773480413589793,1805016413589793,1,1773480413589793,'badge_revoked');
INSERT INTO badges VALUES('01950000-0000-7000-8000-0000002dda48','01950000-0000-7000-8000-000000000005',1773480413589793,1805016413589793,1,NULL,'');
CREATE TABLE attempts (
    subject  TEXT    PRIMARY KEY,
    failures INTEGER NOT NULL CHECK (failures >= 1),
    at       INTEGER NOT NULL,
    until    INTEGER -- closed before it; NULL where never closed
) STRICT, WITHOUT ROWID;
CREATE TABLE second_factor (
    person TEXT    PRIMARY KEY REFERENCES people (id),
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE erasures (
    person    TEXT    PRIMARY KEY REFERENCES people (id),
    id        TEXT    NOT NULL UNIQUE,
    why       TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    templates INTEGER NOT NULL DEFAULT 0,
    badges    INTEGER NOT NULL DEFAULT 0,
    consents  INTEGER NOT NULL DEFAULT 0,
    snapshots INTEGER NOT NULL DEFAULT 0,
    outbox    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO erasures VALUES('01950000-0000-7000-8000-000000000003','019cebab-8995-726f-9322-b257d87fd6f3','erased_by_person',1773480413589793,2,1,1,0,2);
CREATE TABLE staff (
    id          TEXT    PRIMARY KEY,
    login       TEXT    NOT NULL UNIQUE,
    wrapped_key BLOB    NOT NULL, -- the account's data key, wrapped by the master key
    name        BLOB    NOT NULL, -- sealed with the data key, bound to login and role
    secret      BLOB,             -- cost, salt and argon2id hash of the PIN, likewise
    role        TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    closed_at   INTEGER,
    CHECK ((closed_at IS NULL) = (secret IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE TABLE setup_code (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    hash  BLOB    NOT NULL, -- HMAC-SHA256 under the pepper
    at    INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE TABLE audit (
    seq         INTEGER PRIMARY KEY CHECK (seq >= 1),
    at          INTEGER NOT NULL,
    actor       TEXT    NOT NULL,
    role        TEXT    NOT NULL,
    action      TEXT    NOT NULL,
    target_kind TEXT    NOT NULL,
    target      TEXT    NOT NULL,
    detail      TEXT    NOT NULL, -- a JSON object of texts
    prev        BLOB    NOT NULL CHECK (length(prev) = 32),
    hash        BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
INSERT INTO audit VALUES(1,1773480413589793,'system','','person_registered','person','01950000-0000-7000-8000-000000000001','{}',X'0000000000000000000000000000000000000000000000000000000000000000',X'70a40db427cc4d37550a02c821372bc8fac1dcf25bf35398dba862e34b52ee46');
INSERT INTO audit VALUES(2,1773480413589793,'system','','person_registered','person','01950000-0000-7000-8000-000000000002','{}',X'70a40db427cc4d37550a02c821372bc8fac1dcf25bf35398dba862e34b52ee46',X'8fb961b8be1a8ab836269ca9401dd53533bac0aa4a4573125c677264b57f37ce');
INSERT INTO audit VALUES(3,1773480413589793,'system','','person_registered','person','01950000-0000-7000-8000-000000000003','{}',X'8fb961b8be1a8ab836269ca9401dd53533bac0aa4a4573125c677264b57f37ce',X'f86b11ccdfee19631fa9e035bf206feb8df5ba1c1c1c83e24f0ccae1de18b4dd');
INSERT INTO audit VALUES(4,1773480413589793,'system','','badge_revoked','badge','01950000-0000-7000-8000-0000002dce90','{"person":"01950000-0000-7000-8000-000000000002","reason":"badge_revoked"}',X'f86b11ccdfee19631fa9e035bf206feb8df5ba1c1c1c83e24f0ccae1de18b4dd',X'26bd7a20f02cebe5832a556a7942fe32555de30d81d6b79c6f3a512594b28fad');
INSERT INTO audit VALUES(5,1773480413589793,'system','','person_erased','person','01950000-0000-7000-8000-000000000003','{"reason":"erased_by_person"}',X'26bd7a20f02cebe5832a556a7942fe32555de30d81d6b79c6f3a512594b28fad',X'997c4adec6f9a0b3cec46e215b3cae6decc3cd2064ace6cd51bc65567472046e');
INSERT INTO audit VALUES(6,1773480413589793,'system','','consent_withdrawn','person','01950000-0000-7000-8000-000000000002','{"purpose":"face"}',X'997c4adec6f9a0b3cec46e215b3cae6decc3cd2064ace6cd51bc65567472046e',X'cea7b5009d5a3ffc0e72306e73aac855e459b2a9d9fa4857d113fc313753aa7d');
CREATE TABLE audit_head (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    seq    INTEGER NOT NULL,
    hash   BLOB    NOT NULL,
    broken INTEGER NOT NULL, -- the first entry that was appended to a broken log; 0 for none
    mac    BLOB    NOT NULL
) STRICT;
INSERT INTO audit_head VALUES(1,6,X'cea7b5009d5a3ffc0e72306e73aac855e459b2a9d9fa4857d113fc313753aa7d',0,X'd6014f79cda6e96715f50baa93192e4fa2b8a0f34e531ce8ad43fb8e2b7a8a4f');
CREATE TABLE name_index (
    bucket INTEGER NOT NULL, -- 16 bits of an HMAC of a word's beginning
    person TEXT    NOT NULL REFERENCES people (id),
    PRIMARY KEY (bucket, person)
) STRICT, WITHOUT ROWID;
INSERT INTO name_index VALUES(1460,'01950000-0000-7000-8000-000000000001');
INSERT INTO name_index VALUES(10760,'01950000-0000-7000-8000-000000000001');
INSERT INTO name_index VALUES(33572,'01950000-0000-7000-8000-000000000001');
INSERT INTO name_index VALUES(51193,'01950000-0000-7000-8000-000000000001');
INSERT INTO name_index VALUES(56968,'01950000-0000-7000-8000-000000000001');
INSERT INTO name_index VALUES(1460,'01950000-0000-7000-8000-000000000002');
INSERT INTO name_index VALUES(10760,'01950000-0000-7000-8000-000000000002');
INSERT INTO name_index VALUES(28472,'01950000-0000-7000-8000-000000000002');
INSERT INTO name_index VALUES(51193,'01950000-0000-7000-8000-000000000002');
INSERT INTO name_index VALUES(56968,'01950000-0000-7000-8000-000000000002');
INSERT INTO name_index VALUES(1460,'01950000-0000-7000-8000-000000000005');
INSERT INTO name_index VALUES(4080,'01950000-0000-7000-8000-000000000005');
INSERT INTO name_index VALUES(10760,'01950000-0000-7000-8000-000000000005');
INSERT INTO name_index VALUES(51193,'01950000-0000-7000-8000-000000000005');
INSERT INTO name_index VALUES(56968,'01950000-0000-7000-8000-000000000005');
CREATE TABLE sync_state (
    one      INTEGER PRIMARY KEY CHECK (one = 1),
    cursor   TEXT    NOT NULL DEFAULT '',
    applying INTEGER NOT NULL DEFAULT 0 CHECK (applying IN (0, 1))
) STRICT;
INSERT INTO sync_state VALUES(1,'e.7',0);
CREATE TABLE notices (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT    NOT NULL,
    ref        TEXT    NOT NULL, -- of a picture, its event
    person     TEXT,
    version    INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER NOT NULL DEFAULT 0,
    state      TEXT    NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead')),
    last_error TEXT    NOT NULL DEFAULT '',
    item       TEXT    NOT NULL DEFAULT '',
    body       BLOB,
    upto       INTEGER NOT NULL DEFAULT 0, -- the last of person_changes in body
    UNIQUE (kind, ref)
) STRICT;
INSERT INTO notices VALUES(1,'person','01950000-0000-7000-8000-000000000001','01950000-0000-7000-8000-000000000001',5,1773480414589793,0,0,'pending','','',NULL,0);
INSERT INTO notices VALUES(6,'consent','01950000-0000-7000-8000-0000001e8481','01950000-0000-7000-8000-000000000001',1,1773480414589793,0,0,'pending','','',NULL,0);
INSERT INTO notices VALUES(7,'badge','01950000-0000-7000-8000-0000002dcaa8','01950000-0000-7000-8000-000000000001',1,1773480413589793,0,0,'pending','','',NULL,0);
INSERT INTO notices VALUES(8,'person','01950000-0000-7000-8000-000000000002','01950000-0000-7000-8000-000000000002',7,1773480415589793,0,0,'pending','','',NULL,0);
INSERT INTO notices VALUES(13,'consent','01950000-0000-7000-8000-0000001e8482','01950000-0000-7000-8000-000000000002',2,1773480415589793,0,0,'pending','','',NULL,0);
INSERT INTO notices VALUES(14,'badge','01950000-0000-7000-8000-0000002dce90','01950000-0000-7000-8000-000000000002',2,1773480413589793,0,0,'pending','','',NULL,0);
CREATE TABLE person_changes (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    person TEXT    NOT NULL,
    what   TEXT    NOT NULL, -- field, template, dropped
    ref    TEXT    NOT NULL, -- name, document, contact; or the template's id
    at     INTEGER NOT NULL,
    UNIQUE (person, what, ref)
) STRICT;
INSERT INTO person_changes VALUES(1,'01950000-0000-7000-8000-000000000001','field','name',1773480414589793);
INSERT INTO person_changes VALUES(2,'01950000-0000-7000-8000-000000000001','template','01950000-0000-7000-8000-0000000f4628',1773480413589793);
INSERT INTO person_changes VALUES(3,'01950000-0000-7000-8000-000000000001','template','01950000-0000-7000-8000-0000000f4629',1773480413589793);
INSERT INTO person_changes VALUES(4,'01950000-0000-7000-8000-000000000001','field','document',1773480414589793);
INSERT INTO person_changes VALUES(5,'01950000-0000-7000-8000-000000000001','field','contact',1773480414589793);
INSERT INTO person_changes VALUES(6,'01950000-0000-7000-8000-000000000002','field','name',1773480415589793);
INSERT INTO person_changes VALUES(9,'01950000-0000-7000-8000-000000000002','field','document',1773480415589793);
INSERT INTO person_changes VALUES(10,'01950000-0000-7000-8000-000000000002','field','contact',1773480415589793);
INSERT INTO person_changes VALUES(16,'01950000-0000-7000-8000-000000000002','dropped','01950000-0000-7000-8000-0000000f4a10',1795898954512000);
INSERT INTO person_changes VALUES(17,'01950000-0000-7000-8000-000000000002','dropped','01950000-0000-7000-8000-0000000f4a11',1795898954512000);
CREATE TABLE parked_badges (
    id         TEXT    PRIMARY KEY,
    person     TEXT    NOT NULL,
    not_before INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    templates  INTEGER NOT NULL,
    revoked_at INTEGER,
    revoked    TEXT    NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE TABLE centre_documents (
    kind         TEXT    NOT NULL,
    ref          TEXT    NOT NULL,
    version      INTEGER NOT NULL,
    content_type TEXT    NOT NULL,
    content      BLOB    NOT NULL, -- sealed with the device's key
    at           INTEGER NOT NULL,
    PRIMARY KEY (kind, ref)
) STRICT, WITHOUT ROWID;
CREATE TABLE exchanges (
    id          TEXT    PRIMARY KEY,
    at          INTEGER NOT NULL,
    lang        TEXT    NOT NULL,
    question    TEXT    NOT NULL, -- without numbers of cards, accounts, documents
    topic       TEXT    NOT NULL,
    confidence  REAL    NOT NULL,
    suggestions TEXT    NOT NULL, -- a JSON list of topics
    outcome     TEXT    NOT NULL,
    feedback    TEXT    NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE TABLE cases (
    id          TEXT    PRIMARY KEY,
    version     INTEGER NOT NULL DEFAULT 1,
    at          INTEGER NOT NULL,
    kiosk       TEXT    NOT NULL,
    lang        TEXT    NOT NULL,
    identity    TEXT    NOT NULL,
    person      TEXT,
    reason      TEXT    NOT NULL,
    state       TEXT    NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'taken', 'closed')),
    staff       TEXT,
    changed_at  INTEGER NOT NULL,
    wrapped_key BLOB    NOT NULL, -- the transcript's own, by the master key
    transcript  BLOB    NOT NULL  -- sealed
) STRICT, WITHOUT ROWID;
CREATE TABLE centre_people (
    person TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
INSERT INTO centre_people VALUES('01950000-0000-7000-8000-000000000005');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('notices',24);
INSERT INTO sqlite_sequence VALUES('person_changes',17);
INSERT INTO sqlite_sequence VALUES('outbox',10);
CREATE INDEX templates_encoder ON templates (encoder, encoder_version);
CREATE INDEX templates_person ON templates (person);
CREATE INDEX events_kind ON events (kind);
CREATE INDEX events_reason ON events (reason);
CREATE INDEX events_person ON events (person) WHERE person IS NOT NULL;
CREATE INDEX events_about ON events (about) WHERE about IS NOT NULL;
CREATE INDEX events_snapshot ON events (snapshot) WHERE snapshot IS NOT NULL;
CREATE INDEX outbox_pending ON outbox (state) WHERE state = 'pending';
CREATE INDEX outbox_dead ON outbox (state) WHERE state = 'dead';
CREATE INDEX consents_person ON consents (person);
CREATE INDEX badges_person ON badges (person);
CREATE TRIGGER gallery_person_added AFTER INSERT ON people BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
CREATE TRIGGER gallery_person_changed AFTER UPDATE ON people BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
CREATE TRIGGER gallery_person_removed AFTER DELETE ON people BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
CREATE TRIGGER gallery_template_added AFTER INSERT ON templates BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
CREATE TRIGGER gallery_template_removed AFTER DELETE ON templates BEGIN
  UPDATE settings SET value = CAST(value AS INTEGER) + 1 WHERE key = 'gallery.changed';
END;
CREATE INDEX events_badge ON events (badge) WHERE badge IS NOT NULL;
CREATE INDEX audit_actor ON audit (actor);
CREATE INDEX audit_action ON audit (action);
CREATE INDEX audit_target ON audit (target_kind, target);
CREATE TRIGGER audit_not_edited BEFORE UPDATE ON audit BEGIN
  SELECT raise(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_not_removed BEFORE DELETE ON audit BEGIN
  SELECT raise(ABORT, 'the audit is append-only');
END;
CREATE TRIGGER audit_at_its_end BEFORE INSERT ON audit WHEN NEW.seq <= (SELECT max(seq) FROM audit) BEGIN
  SELECT raise(ABORT, 'the audit is append-only');
END;
CREATE INDEX name_index_person ON name_index (person);
CREATE INDEX events_at ON events (at);
CREATE INDEX events_kind_at ON events (kind, at);
CREATE INDEX events_reason_at ON events (reason, at);
CREATE INDEX events_person_at ON events (person, at) WHERE person IS NOT NULL;
CREATE INDEX notices_pending ON notices (kind) WHERE state = 'pending';
CREATE INDEX notices_dead ON notices (state) WHERE state = 'dead';
CREATE INDEX notices_person ON notices (person) WHERE person IS NOT NULL;
CREATE INDEX outbox_kind ON outbox (kind) WHERE state = 'pending';
CREATE TRIGGER notice_person_change AFTER INSERT ON person_changes
WHEN EXISTS (SELECT 1 FROM people WHERE id = NEW.person AND wrapped_key IS NOT NULL) BEGIN
  INSERT INTO notices (kind, ref, person, created_at) VALUES ('person', NEW.person, NEW.person, NEW.at)
  ON CONFLICT (kind, ref) DO UPDATE SET version = version + 1, item = '', body = NULL, upto = 0,
    attempts = 0, next_at = 0, last_error = '', state = 'pending',
    created_at = CASE state WHEN 'pending' THEN created_at ELSE excluded.created_at END;
END;
CREATE TRIGGER notice_person_added AFTER INSERT ON people
WHEN NEW.wrapped_key IS NOT NULL AND NOT (SELECT applying FROM sync_state) BEGIN
  INSERT INTO person_changes (person, what, ref, at) VALUES (NEW.id, 'field', 'name', NEW.created_at);
END;
CREATE TRIGGER notice_person_renamed AFTER UPDATE OF name ON people
WHEN NEW.wrapped_key IS NOT NULL AND NEW.name IS NOT OLD.name AND NOT (SELECT applying FROM sync_state) BEGIN
  DELETE FROM person_changes WHERE person = NEW.id AND what = 'field' AND ref = 'name';
  INSERT INTO person_changes (person, what, ref, at)
    VALUES (NEW.id, 'field', 'name', CAST(unixepoch('subsec') * 1000000 AS INTEGER));
END;
CREATE TRIGGER notice_profile_added AFTER INSERT ON profiles WHEN NOT (SELECT applying FROM sync_state) BEGIN
  DELETE FROM person_changes WHERE person = NEW.person AND what = 'field' AND ref IN ('document', 'contact');
  INSERT INTO person_changes (person, what, ref, at)
    SELECT NEW.person, 'field', 'document', created_at FROM people WHERE id = NEW.person;
  INSERT INTO person_changes (person, what, ref, at)
    SELECT NEW.person, 'field', 'contact', created_at FROM people WHERE id = NEW.person;
END;
CREATE TRIGGER notice_document_changed AFTER UPDATE OF document ON profiles
WHEN NEW.document IS NOT OLD.document AND NOT (SELECT applying FROM sync_state) BEGIN
  DELETE FROM person_changes WHERE person = NEW.person AND what = 'field' AND ref = 'document';
  INSERT INTO person_changes (person, what, ref, at)
    VALUES (NEW.person, 'field', 'document', CAST(unixepoch('subsec') * 1000000 AS INTEGER));
END;
CREATE TRIGGER notice_contact_changed AFTER UPDATE OF contact ON profiles
WHEN NEW.contact IS NOT OLD.contact AND NOT (SELECT applying FROM sync_state) BEGIN
  DELETE FROM person_changes WHERE person = NEW.person AND what = 'field' AND ref = 'contact';
  INSERT INTO person_changes (person, what, ref, at)
    VALUES (NEW.person, 'field', 'contact', CAST(unixepoch('subsec') * 1000000 AS INTEGER));
END;
CREATE TRIGGER notice_template_added AFTER INSERT ON templates WHEN NOT (SELECT applying FROM sync_state) BEGIN
  DELETE FROM person_changes WHERE person = NEW.person AND what IN ('template', 'dropped') AND ref = NEW.id;
  INSERT INTO person_changes (person, what, ref, at) VALUES (NEW.person, 'template', NEW.id, NEW.created_at);
END;
CREATE TRIGGER notice_template_dropped AFTER DELETE ON templates
WHEN NOT (SELECT applying FROM sync_state)
 AND EXISTS (SELECT 1 FROM people WHERE id = OLD.person AND wrapped_key IS NOT NULL) BEGIN
  DELETE FROM person_changes WHERE person = OLD.person AND what IN ('template', 'dropped') AND ref = OLD.id;
  INSERT INTO person_changes (person, what, ref, at)
    VALUES (OLD.person, 'dropped', OLD.id, CAST(unixepoch('subsec') * 1000000 AS INTEGER));
END;
CREATE TRIGGER notice_second_factor AFTER INSERT ON second_factor WHEN NOT (SELECT applying FROM sync_state) BEGIN
  DELETE FROM person_changes WHERE person = NEW.person AND what = 'field' AND ref = 'second_factor';
  INSERT INTO person_changes (person, what, ref, at) VALUES (NEW.person, 'field', 'second_factor', NEW.at);
END;
CREATE TRIGGER notice_consent_added AFTER INSERT ON consents WHEN NOT (SELECT applying FROM sync_state) BEGIN
  INSERT INTO notices (kind, ref, person, created_at) VALUES ('consent', NEW.id, NEW.person, NEW.at);
END;
CREATE TRIGGER notice_consent_withdrawn AFTER UPDATE OF withdrawn_at ON consent_purposes
WHEN NEW.withdrawn_at IS NOT OLD.withdrawn_at AND NOT (SELECT applying FROM sync_state) BEGIN
  UPDATE notices SET version = version + 1, item = '', body = NULL, attempts = 0, next_at = 0, last_error = '', state = 'pending',
    created_at = CASE state WHEN 'pending' THEN created_at ELSE NEW.withdrawn_at END
  WHERE kind = 'consent' AND ref = NEW.consent;
END;
CREATE TRIGGER notice_consent_removed AFTER DELETE ON consents BEGIN
  DELETE FROM notices WHERE kind = 'consent' AND ref = OLD.id;
END;
CREATE TRIGGER notice_badge_added AFTER INSERT ON badges WHEN NOT (SELECT applying FROM sync_state) BEGIN
  INSERT INTO notices (kind, ref, person, created_at) VALUES ('badge', NEW.id, NEW.person, NEW.not_before);
END;
CREATE TRIGGER notice_badge_revoked AFTER UPDATE OF revoked_at ON badges
WHEN NEW.revoked_at IS NOT OLD.revoked_at AND NOT (SELECT applying FROM sync_state) BEGIN
  INSERT INTO notices (kind, ref, person, created_at) VALUES ('badge', NEW.id, NEW.person, NEW.revoked_at)
  ON CONFLICT (kind, ref) DO UPDATE SET version = version + 1, item = '', body = NULL,
    attempts = 0, next_at = 0, last_error = '', state = 'pending',
    created_at = CASE state WHEN 'pending' THEN created_at ELSE excluded.created_at END;
END;
CREATE TRIGGER notice_badge_removed AFTER DELETE ON badges BEGIN
  DELETE FROM notices WHERE kind = 'badge' AND ref = OLD.id;
END;
CREATE TRIGGER notice_picture_added AFTER INSERT ON events WHEN NEW.snapshot IS NOT NULL BEGIN
  INSERT INTO notices (kind, ref, person, created_at) VALUES ('picture', NEW.id, NEW.person, NEW.at);
END;
CREATE TRIGGER notice_picture_dropped AFTER UPDATE OF dropped_at ON snapshots WHEN NEW.dropped_at IS NOT NULL BEGIN
  DELETE FROM notices WHERE kind = 'picture' AND ref IN (SELECT id FROM events WHERE snapshot = NEW.hash);
END;
CREATE TRIGGER notice_person_erased AFTER UPDATE OF wrapped_key ON people WHEN NEW.wrapped_key IS NULL BEGIN
  DELETE FROM notices WHERE person = NEW.id;
  DELETE FROM person_changes WHERE person = NEW.id;
  DELETE FROM parked_badges WHERE person = NEW.id;
END;
CREATE INDEX exchanges_at ON exchanges (at);
CREATE INDEX cases_at ON cases (at);
CREATE INDEX cases_state ON cases (state, at);
CREATE INDEX cases_person ON cases (person) WHERE person IS NOT NULL;
CREATE TRIGGER notice_exchange_removed AFTER DELETE ON exchanges BEGIN
  DELETE FROM notices WHERE kind = 'exchange' AND ref = OLD.id;
END;
CREATE TRIGGER notice_case_removed AFTER DELETE ON cases BEGIN
  DELETE FROM notices WHERE kind = 'case' AND ref = OLD.id;
END;
CREATE TRIGGER centre_person_erased AFTER UPDATE OF wrapped_key ON people WHEN NEW.wrapped_key IS NULL BEGIN
  DELETE FROM centre_people WHERE person = NEW.id;
END;
