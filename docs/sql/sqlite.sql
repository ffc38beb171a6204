-- api_key: get
SELECT "api_key"."id" AS "id", "api_key"."owner_id" AS "owner_id", "api_key"."name" AS "name", "api_key"."public_id" AS "public_id", "api_key"."digest" AS "digest", "api_key"."scopes" AS "scopes", "api_key"."created_at" AS "created_at", "api_key"."expires_at" AS "expires_at", "api_key"."last_used_at" AS "last_used_at", "api_key"."revoked_at" AS "revoked_at", "api_key"."version" AS "version", "api_key"."created_by" AS "created_by", "api_key"."original_expires_at" AS "original_expires_at"
FROM "api_key"
WHERE ("api_key"."owner_id" = (%s) AND "api_key"."id" = (%s));

-- api_key: create, 1 of 3
INSERT INTO "api_key" ("id", "owner_id", "name", "public_id", "digest", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at", "version", "created_by", "original_expires_at")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
RETURNING 1;

-- api_key: create, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- api_key: create, 3 of 3
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- api_key: create_once, 1 of 4
INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < %s
RETURNING 1;

-- api_key: create_once, 2 of 4
INSERT INTO "api_key" ("id", "owner_id", "name", "public_id", "digest", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at", "version", "created_by", "original_expires_at")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
RETURNING 1;

-- api_key: create_once, 3 of 4
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- api_key: create_once, 4 of 4
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- api_key: create_many, 1 of 3
INSERT INTO "api_key" ("id", "owner_id", "name", "public_id", "digest", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at", "version", "created_by", "original_expires_at")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

-- api_key: create_many, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, %s, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last";

-- api_key: create_many, 3 of 3
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s) - %s);

-- api_key: create_many_once, 1 of 4
INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < %s
RETURNING 1;

-- api_key: create_many_once, 2 of 4
INSERT INTO "api_key" ("id", "owner_id", "name", "public_id", "digest", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at", "version", "created_by", "original_expires_at")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

-- api_key: create_many_once, 3 of 4
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, %s, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last";

-- api_key: create_many_once, 4 of 4
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s) - %s);

-- api_key: update, 1 of 3
UPDATE "api_key"
SET "name" = %s, "public_id" = %s, "digest" = %s, "scopes" = %s, "created_at" = %s, "expires_at" = %s, "last_used_at" = %s, "revoked_at" = %s, "version" = %s, "created_by" = %s, "original_expires_at" = %s
WHERE ("api_key"."owner_id" = (%s) AND "api_key"."id" = (%s) AND "api_key"."version" = (%s))
RETURNING 1;

-- api_key: update, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- api_key: update, 3 of 3
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- api_key: update_untracked
UPDATE "api_key"
SET "name" = %s, "public_id" = %s, "digest" = %s, "scopes" = %s, "created_at" = %s, "expires_at" = %s, "last_used_at" = %s, "revoked_at" = %s, "version" = %s, "created_by" = %s, "original_expires_at" = %s
WHERE ("api_key"."owner_id" = (%s) AND "api_key"."id" = (%s) AND "api_key"."version" = (%s))
RETURNING 1;

-- api_key: delete, 1 of 3
DELETE
FROM "api_key"
WHERE ("api_key"."owner_id" = (%s) AND "api_key"."id" = (%s) AND "api_key"."version" = (%s))
RETURNING 1;

-- api_key: delete, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- api_key: delete, 3 of 3
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- api_key: update, scopes unchanged, 1 of 3
UPDATE "api_key"
SET "name" = %s, "public_id" = %s, "digest" = %s, "created_at" = %s, "expires_at" = %s, "last_used_at" = %s, "revoked_at" = %s, "version" = %s, "created_by" = %s, "original_expires_at" = %s
WHERE ("api_key"."owner_id" = (%s) AND "api_key"."id" = (%s) AND "api_key"."version" = (%s))
RETURNING 1;

-- api_key: update, scopes unchanged, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- api_key: update, scopes unchanged, 3 of 3
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- api_key: list by newest
SELECT "api_key"."id" AS "id", "api_key"."owner_id" AS "owner_id", "api_key"."name" AS "name", "api_key"."public_id" AS "public_id", "api_key"."digest" AS "digest", "api_key"."scopes" AS "scopes", "api_key"."created_at" AS "created_at", "api_key"."expires_at" AS "expires_at", "api_key"."last_used_at" AS "last_used_at", "api_key"."revoked_at" AS "revoked_at", "api_key"."version" AS "version", "api_key"."created_by" AS "created_by", "api_key"."original_expires_at" AS "original_expires_at"
FROM "api_key"
WHERE "api_key"."owner_id" = (%s)
ORDER BY 7 DESC, 1 DESC
LIMIT 21;

-- api_key: list by newest, next page
SELECT "api_key"."id" AS "id", "api_key"."owner_id" AS "owner_id", "api_key"."name" AS "name", "api_key"."public_id" AS "public_id", "api_key"."digest" AS "digest", "api_key"."scopes" AS "scopes", "api_key"."created_at" AS "created_at", "api_key"."expires_at" AS "expires_at", "api_key"."last_used_at" AS "last_used_at", "api_key"."revoked_at" AS "revoked_at", "api_key"."version" AS "version", "api_key"."created_by" AS "created_by", "api_key"."original_expires_at" AS "original_expires_at"
FROM "api_key"
WHERE ("api_key"."owner_id" = (%s) AND ("api_key"."created_at", "api_key"."id") < (%s, %s))
ORDER BY 7 DESC, 1 DESC
LIMIT 21;

-- idempotency_record: delete_old
DELETE
FROM "idempotency_record"
WHERE ("idempotency_record"."created_at" < (%s) AND "idempotency_record"."id" IN (SELECT U0."id" AS "id"
FROM "idempotency_record" U0
WHERE U0."created_at" < (%s)
LIMIT 1000))
RETURNING 1;

-- idempotency_record: find
SELECT "idempotency_record"."fingerprint" AS "fingerprint", "idempotency_record"."entity" AS "entity"
FROM "idempotency_record"
WHERE ("idempotency_record"."created_at" >= (%s) AND "idempotency_record"."key" = (%s) AND "idempotency_record"."operation" = (%s) AND "idempotency_record"."owner_id" = (%s));

-- idempotency_record: find_created
SELECT "revision"."entity_id" AS "entity_id", "revision"."after" AS "after"
FROM "revision"
WHERE ("revision"."entity_id" IN (SELECT value
FROM json_each(%s)) AND "revision"."kind" = (%s) AND "revision"."owner_id" = (%s) AND "revision"."version" = (%s));

-- owner: get
SELECT "owner"."id" AS "id", "owner"."name" AS "name", "owner"."created_at" AS "created_at", "owner"."deactivated_at" AS "deactivated_at", "owner"."version" AS "version"
FROM "owner"
WHERE ("owner"."id" = (%s) AND "owner"."id" = (%s));

-- owner: create, 1 of 3
INSERT INTO "owner" ("id", "name", "created_at", "deactivated_at", "version")
VALUES (%s, %s, %s, %s, %s)
RETURNING 1;

-- owner: create, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- owner: create, 3 of 3
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- owner: create_once, 1 of 4
INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < %s
RETURNING 1;

-- owner: create_once, 2 of 4
INSERT INTO "owner" ("id", "name", "created_at", "deactivated_at", "version")
VALUES (%s, %s, %s, %s, %s)
RETURNING 1;

-- owner: create_once, 3 of 4
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- owner: create_once, 4 of 4
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- owner: create_many, 1 of 3
INSERT INTO "owner" ("id", "name", "created_at", "deactivated_at", "version")
VALUES (%s, %s, %s, %s, %s);

-- owner: create_many, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, %s, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last";

-- owner: create_many, 3 of 3
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s) - %s);

-- owner: create_many_once, 1 of 4
INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < %s
RETURNING 1;

-- owner: create_many_once, 2 of 4
INSERT INTO "owner" ("id", "name", "created_at", "deactivated_at", "version")
VALUES (%s, %s, %s, %s, %s);

-- owner: create_many_once, 3 of 4
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, %s, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last";

-- owner: create_many_once, 4 of 4
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s) - %s);

-- owner: update, 1 of 3
UPDATE "owner"
SET "name" = %s, "created_at" = %s, "deactivated_at" = %s, "version" = %s
WHERE ("owner"."id" = (%s) AND "owner"."id" = (%s) AND "owner"."version" = (%s))
RETURNING 1;

-- owner: update, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- owner: update, 3 of 3
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- owner: delete, 1 of 3
DELETE
FROM "owner"
WHERE ("owner"."id" = (%s) AND "owner"."id" = (%s) AND "owner"."version" = (%s))
RETURNING 1;

-- owner: delete, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- owner: delete, 3 of 3
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- owner: list by newest
SELECT "owner"."id" AS "id", "owner"."name" AS "name", "owner"."created_at" AS "created_at", "owner"."deactivated_at" AS "deactivated_at", "owner"."version" AS "version"
FROM "owner"
WHERE "owner"."id" = (%s)
ORDER BY 3 DESC, 1 DESC
LIMIT 21;

-- owner: list by newest, next page
SELECT "owner"."id" AS "id", "owner"."name" AS "name", "owner"."created_at" AS "created_at", "owner"."deactivated_at" AS "deactivated_at", "owner"."version" AS "version"
FROM "owner"
WHERE ("owner"."id" = (%s) AND ("owner"."created_at", "owner"."id") < (%s, %s))
ORDER BY 3 DESC, 1 DESC
LIMIT 21;

-- owner_directory: all
SELECT "owner"."id" AS "id", "owner"."name" AS "name", "owner"."created_at" AS "created_at", "owner"."deactivated_at" AS "deactivated_at", "owner"."version" AS "version"
FROM "owner"
ORDER BY 2 ASC;

-- owner_directory: by_id
SELECT "owner"."id" AS "id", "owner"."name" AS "name", "owner"."created_at" AS "created_at", "owner"."deactivated_at" AS "deactivated_at", "owner"."version" AS "version"
FROM "owner"
WHERE "owner"."id" = (%s);

-- owner_directory: by_name
SELECT "owner"."id" AS "id", "owner"."name" AS "name", "owner"."created_at" AS "created_at", "owner"."deactivated_at" AS "deactivated_at", "owner"."version" AS "version"
FROM "owner"
WHERE "owner"."name" = (%s);

-- owner_directory: holder
SELECT "api_key"."owner_id" AS "owner__id", "owner"."name" AS "owner__name", "owner"."created_at" AS "owner__created_at", "owner"."deactivated_at" AS "owner__deactivated_at", "owner"."version" AS "owner__version", "api_key"."id" AS "id", "api_key"."owner_id" AS "owner_id", "api_key"."name" AS "name", "api_key"."public_id" AS "public_id", "api_key"."digest" AS "digest", "api_key"."scopes" AS "scopes", "api_key"."created_at" AS "created_at", "api_key"."expires_at" AS "expires_at", "api_key"."last_used_at" AS "last_used_at", "api_key"."revoked_at" AS "revoked_at", "api_key"."version" AS "version", "api_key"."created_by" AS "created_by", "api_key"."original_expires_at" AS "original_expires_at"
FROM "api_key" INNER JOIN "owner" ON ("api_key"."owner_id" = "owner"."id")
WHERE "api_key"."public_id" = (%s);

-- revision: delete
DELETE
FROM "revision"
WHERE ("revision"."owner_id" = (%s) AND "revision"."number" > (%s) AND "revision"."number" <= (%s))
RETURNING 1;

-- revision: due
SELECT "change_count"."owner_id" AS "owner_id", "change_count"."purged_through" AS "purged_through", "change_count"."last" AS "last"
FROM "change_count"
WHERE (SELECT U0."created_at" AS "created_at"
FROM "revision" U0
WHERE (U0."number" > ("change_count"."purged_through") AND U0."owner_id" = ("change_count"."owner_id"))
ORDER BY U0."number" ASC
LIMIT 1) < (%s);

-- revision: first_young
SELECT "revision"."number" AS "number"
FROM "revision"
WHERE ("revision"."owner_id" = (%s) AND "revision"."number" > (%s) AND "revision"."created_at" >= (%s))
ORDER BY 1 ASC
LIMIT 1;

-- revision: mark_purged
UPDATE "change_count"
SET "purged_through" = %s
WHERE ("change_count"."owner_id" = (%s) AND "change_count"."purged_through" < (%s))
RETURNING 1;

-- revision: span
SELECT "change_count"."purged_through" AS "purged_through", "change_count"."last" AS "last"
FROM "change_count"
WHERE "change_count"."owner_id" = (%s);

-- revision: list by number
SELECT "revision"."id" AS "id", "revision"."owner_id" AS "owner_id", "revision"."number" AS "number", "revision"."kind" AS "kind", "revision"."entity_id" AS "entity_id", "revision"."version" AS "version", "revision"."created_at" AS "created_at", "revision"."actor" AS "actor", "revision"."request_id" AS "request_id", "revision"."before" AS "before", "revision"."after" AS "after"
FROM "revision"
WHERE "revision"."owner_id" = (%s)
ORDER BY 3 ASC, 1 ASC
LIMIT 21;

-- revision: list by number, next page
SELECT "revision"."id" AS "id", "revision"."owner_id" AS "owner_id", "revision"."number" AS "number", "revision"."kind" AS "kind", "revision"."entity_id" AS "entity_id", "revision"."version" AS "version", "revision"."created_at" AS "created_at", "revision"."actor" AS "actor", "revision"."request_id" AS "request_id", "revision"."before" AS "before", "revision"."after" AS "after"
FROM "revision"
WHERE ("revision"."owner_id" = (%s) AND ("revision"."number", "revision"."id") > (%s, %s))
ORDER BY 3 ASC, 1 ASC
LIMIT 21;

-- revision: list by version
SELECT "revision"."id" AS "id", "revision"."owner_id" AS "owner_id", "revision"."number" AS "number", "revision"."kind" AS "kind", "revision"."entity_id" AS "entity_id", "revision"."version" AS "version", "revision"."created_at" AS "created_at", "revision"."actor" AS "actor", "revision"."request_id" AS "request_id", "revision"."before" AS "before", "revision"."after" AS "after"
FROM "revision"
WHERE "revision"."owner_id" = (%s)
ORDER BY 6 DESC, 1 DESC
LIMIT 21;

-- revision: list by version, next page
SELECT "revision"."id" AS "id", "revision"."owner_id" AS "owner_id", "revision"."number" AS "number", "revision"."kind" AS "kind", "revision"."entity_id" AS "entity_id", "revision"."version" AS "version", "revision"."created_at" AS "created_at", "revision"."actor" AS "actor", "revision"."request_id" AS "request_id", "revision"."before" AS "before", "revision"."after" AS "after"
FROM "revision"
WHERE ("revision"."owner_id" = (%s) AND ("revision"."version", "revision"."id") < (%s, %s))
ORDER BY 6 DESC, 1 DESC
LIMIT 21;

-- run: get
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."id" = (%s));

-- run: create, 1 of 3
INSERT INTO "run" ("id", "owner_id", "created_at", "simulation_id", "name", "name_folded", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "updated_at", "version")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
RETURNING 1;

-- run: create, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- run: create, 3 of 3
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- run: create_once, 1 of 4
INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < %s
RETURNING 1;

-- run: create_once, 2 of 4
INSERT INTO "run" ("id", "owner_id", "created_at", "simulation_id", "name", "name_folded", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "updated_at", "version")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
RETURNING 1;

-- run: create_once, 3 of 4
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- run: create_once, 4 of 4
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- run: create_many, 1 of 3
INSERT INTO "run" ("id", "owner_id", "created_at", "simulation_id", "name", "name_folded", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "updated_at", "version")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

-- run: create_many, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, %s, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last";

-- run: create_many, 3 of 3
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s) - %s);

-- run: create_many_once, 1 of 4
INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < %s
RETURNING 1;

-- run: create_many_once, 2 of 4
INSERT INTO "run" ("id", "owner_id", "created_at", "simulation_id", "name", "name_folded", "status", "status_reason", "started_at", "finished_at", "solver", "solver_version", "external_id", "parent_id", "labels", "parameters", "results", "artifacts", "created_by", "updated_at", "version")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

-- run: create_many_once, 3 of 4
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, %s, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last";

-- run: create_many_once, 4 of 4
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s) - %s);

-- run: update, 1 of 3
UPDATE "run"
SET "created_at" = %s, "simulation_id" = %s, "name" = %s, "name_folded" = %s, "status" = %s, "status_reason" = %s, "started_at" = %s, "finished_at" = %s, "solver" = %s, "solver_version" = %s, "external_id" = %s, "parent_id" = %s, "labels" = %s, "parameters" = %s, "results" = %s, "artifacts" = %s, "created_by" = %s, "updated_at" = %s, "version" = %s
WHERE ("run"."owner_id" = (%s) AND "run"."id" = (%s) AND "run"."version" = (%s))
RETURNING 1;

-- run: update, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- run: update, 3 of 3
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- run: delete, 1 of 4
SELECT 1
WHERE NOT EXISTS (SELECT "run"."id" AS "id"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."parent_id" = (%s) AND NOT ("run"."id" = (%s))));

-- run: delete, 2 of 4
DELETE
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."id" = (%s) AND "run"."version" = (%s))
RETURNING 1;

-- run: delete, 3 of 4
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- run: delete, 4 of 4
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- run: update, artifacts unchanged, 1 of 3
UPDATE "run"
SET "created_at" = %s, "simulation_id" = %s, "name" = %s, "name_folded" = %s, "status" = %s, "status_reason" = %s, "started_at" = %s, "finished_at" = %s, "solver" = %s, "solver_version" = %s, "external_id" = %s, "parent_id" = %s, "labels" = %s, "parameters" = %s, "results" = %s, "created_by" = %s, "updated_at" = %s, "version" = %s
WHERE ("run"."owner_id" = (%s) AND "run"."id" = (%s) AND "run"."version" = (%s))
RETURNING 1;

-- run: update, artifacts unchanged, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- run: update, artifacts unchanged, 3 of 3
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- run: list by created_at
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE "run"."owner_id" = (%s)
ORDER BY 18 ASC, 1 ASC
LIMIT 21;

-- run: list by created_at, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND ("run"."created_at", "run"."id") > (%s, %s))
ORDER BY 18 ASC, 1 ASC
LIMIT 21;

-- run: list by -created_at
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE "run"."owner_id" = (%s)
ORDER BY 18 DESC, 1 DESC
LIMIT 21;

-- run: list by -created_at, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND ("run"."created_at", "run"."id") < (%s, %s))
ORDER BY 18 DESC, 1 DESC
LIMIT 21;

-- run: list by updated_at
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE "run"."owner_id" = (%s)
ORDER BY 19 ASC, 1 ASC
LIMIT 21;

-- run: list by updated_at, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND ("run"."updated_at", "run"."id") > (%s, %s))
ORDER BY 19 ASC, 1 ASC
LIMIT 21;

-- run: list by -updated_at
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE "run"."owner_id" = (%s)
ORDER BY 19 DESC, 1 DESC
LIMIT 21;

-- run: list by -updated_at, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND ("run"."updated_at", "run"."id") < (%s, %s))
ORDER BY 19 DESC, 1 DESC
LIMIT 21;

-- run: list by name
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."name_folded" IS NOT NULL)
ORDER BY "run"."name_folded" ASC, 1 ASC
LIMIT 21;

-- run: list by name, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."name_folded" IS NOT NULL AND ("run"."name_folded", "run"."id") > (%s, %s))
ORDER BY "run"."name_folded" ASC, 1 ASC
LIMIT 21;

-- run: list by name, without a value
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."name_folded" IS NULL)
ORDER BY 1 ASC
LIMIT 21;

-- run: list by name, without a value, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."name_folded" IS NULL AND ("run"."id", "run"."id") > (%s, %s))
ORDER BY 1 ASC
LIMIT 21;

-- run: list by -name
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."name_folded" IS NOT NULL)
ORDER BY "run"."name_folded" DESC, 1 DESC
LIMIT 21;

-- run: list by -name, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."name_folded" IS NOT NULL AND ("run"."name_folded", "run"."id") < (%s, %s))
ORDER BY "run"."name_folded" DESC, 1 DESC
LIMIT 21;

-- run: list by -name, without a value
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."name_folded" IS NULL)
ORDER BY 1 DESC
LIMIT 21;

-- run: list by -name, without a value, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."name_folded" IS NULL AND ("run"."id", "run"."id") < (%s, %s))
ORDER BY 1 DESC
LIMIT 21;

-- run: list by parameters.any
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."parameters", %s) IS NOT NULL)
ORDER BY goatfish_number("run"."parameters", %s) ASC, 1 ASC
LIMIT 21;

-- run: list by parameters.any, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."parameters", %s) IS NOT NULL AND (goatfish_number("run"."parameters", %s), "run"."id") > (%s, %s))
ORDER BY goatfish_number("run"."parameters", %s) ASC, 1 ASC
LIMIT 21;

-- run: list by parameters.any, without a value
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."parameters", %s) IS NULL)
ORDER BY 1 ASC
LIMIT 21;

-- run: list by parameters.any, without a value, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."parameters", %s) IS NULL AND ("run"."id", "run"."id") > (%s, %s))
ORDER BY 1 ASC
LIMIT 21;

-- run: list by -parameters.any
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."parameters", %s) IS NOT NULL)
ORDER BY goatfish_number("run"."parameters", %s) DESC, 1 DESC
LIMIT 21;

-- run: list by -parameters.any, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."parameters", %s) IS NOT NULL AND (goatfish_number("run"."parameters", %s), "run"."id") < (%s, %s))
ORDER BY goatfish_number("run"."parameters", %s) DESC, 1 DESC
LIMIT 21;

-- run: list by -parameters.any, without a value
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."parameters", %s) IS NULL)
ORDER BY 1 DESC
LIMIT 21;

-- run: list by -parameters.any, without a value, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."parameters", %s) IS NULL AND ("run"."id", "run"."id") < (%s, %s))
ORDER BY 1 DESC
LIMIT 21;

-- run: list by results.any
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."results", %s) IS NOT NULL)
ORDER BY goatfish_number("run"."results", %s) ASC, 1 ASC
LIMIT 21;

-- run: list by results.any, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."results", %s) IS NOT NULL AND (goatfish_number("run"."results", %s), "run"."id") > (%s, %s))
ORDER BY goatfish_number("run"."results", %s) ASC, 1 ASC
LIMIT 21;

-- run: list by results.any, without a value
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."results", %s) IS NULL)
ORDER BY 1 ASC
LIMIT 21;

-- run: list by results.any, without a value, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."results", %s) IS NULL AND ("run"."id", "run"."id") > (%s, %s))
ORDER BY 1 ASC
LIMIT 21;

-- run: list by -results.any
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."results", %s) IS NOT NULL)
ORDER BY goatfish_number("run"."results", %s) DESC, 1 DESC
LIMIT 21;

-- run: list by -results.any, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."results", %s) IS NOT NULL AND (goatfish_number("run"."results", %s), "run"."id") < (%s, %s))
ORDER BY goatfish_number("run"."results", %s) DESC, 1 DESC
LIMIT 21;

-- run: list by -results.any, without a value
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."results", %s) IS NULL)
ORDER BY 1 DESC
LIMIT 21;

-- run: list by -results.any, without a value, next page
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_number("run"."results", %s) IS NULL AND ("run"."id", "run"."id") < (%s, %s))
ORDER BY 1 DESC
LIMIT 21;

-- run: list where simulation_id
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."simulation_id" = (%s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where name
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND instr("run"."name_folded", %s) > 0)
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where status
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."status" IN (SELECT value
FROM json_each(%s)))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where started_from
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."started_at" >= (%s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where started_to
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."started_at" <= (%s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where finished_from
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."finished_at" >= (%s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where finished_to
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."finished_at" <= (%s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where solver
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."solver" = (%s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where external_id
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."external_id" = (%s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where parent_id
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."parent_id" = (%s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where label=project
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND EXISTS (SELECT 1
FROM json_each("run"."labels")
WHERE key = %s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where label=project:wing
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND EXISTS (SELECT 1
FROM json_each("run"."labels")
WHERE key = %s AND value = %s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where where=parameters.alpha<=12
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_fulfils("run"."parameters", %s, '<=', %s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where where=parameters.alpha>=12
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_fulfils("run"."parameters", %s, '>=', %s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where where=parameters.alpha!=12
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_fulfils("run"."parameters", %s, '!=', %s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where where=parameters.alpha=12
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_fulfils("run"."parameters", %s, '=', %s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where where=parameters.alpha<12
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_fulfils("run"."parameters", %s, '<', %s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run: list where where=parameters.alpha>12
SELECT "run"."id" AS "id", "run"."owner_id" AS "owner_id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results", "run"."artifacts" AS "artifacts", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."version" AS "version"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND goatfish_fulfils("run"."parameters", %s, '>', %s))
ORDER BY 18 DESC, 1 DESC
LIMIT %s;

-- run_reports: page
SELECT "run"."id" AS "id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."simulation_id" = (%s))
ORDER BY 13 DESC, 1 DESC
LIMIT %s;

-- run_reports: page, next
SELECT "run"."id" AS "id", "run"."simulation_id" AS "simulation_id", "run"."name" AS "name", "run"."status" AS "status", "run"."status_reason" AS "status_reason", "run"."started_at" AS "started_at", "run"."finished_at" AS "finished_at", "run"."solver" AS "solver", "run"."solver_version" AS "solver_version", "run"."external_id" AS "external_id", "run"."parent_id" AS "parent_id", "run"."created_by" AS "created_by", "run"."created_at" AS "created_at", "run"."updated_at" AS "updated_at", "run"."labels" AS "labels", "run"."parameters" AS "parameters", "run"."results" AS "results"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."simulation_id" = (%s) AND ("run"."created_at", "run"."id") < (%s, %s))
ORDER BY 13 DESC, 1 DESC
LIMIT %s;

-- simulation: get
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."id" = (%s));

-- simulation: create, 1 of 3
INSERT INTO "simulation" ("id", "owner_id", "created_at", "name", "name_folded", "start_date", "end_date", "description", "labels", "updated_at", "version")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
RETURNING 1;

-- simulation: create, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- simulation: create, 3 of 3
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- simulation: create_once, 1 of 4
INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < %s
RETURNING 1;

-- simulation: create_once, 2 of 4
INSERT INTO "simulation" ("id", "owner_id", "created_at", "name", "name_folded", "start_date", "end_date", "description", "labels", "updated_at", "version")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
RETURNING 1;

-- simulation: create_once, 3 of 4
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- simulation: create_once, 4 of 4
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- simulation: create_many, 1 of 3
INSERT INTO "simulation" ("id", "owner_id", "created_at", "name", "name_folded", "start_date", "end_date", "description", "labels", "updated_at", "version")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

-- simulation: create_many, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, %s, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last";

-- simulation: create_many, 3 of 3
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s) - %s);

-- simulation: create_many_once, 1 of 4
INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < %s
RETURNING 1;

-- simulation: create_many_once, 2 of 4
INSERT INTO "simulation" ("id", "owner_id", "created_at", "name", "name_folded", "start_date", "end_date", "description", "labels", "updated_at", "version")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

-- simulation: create_many_once, 3 of 4
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, %s, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last";

-- simulation: create_many_once, 4 of 4
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s) - %s);

-- simulation: update, 1 of 3
UPDATE "simulation"
SET "created_at" = %s, "name" = %s, "name_folded" = %s, "start_date" = %s, "end_date" = %s, "description" = %s, "labels" = %s, "updated_at" = %s, "version" = %s
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."id" = (%s) AND "simulation"."version" = (%s))
RETURNING 1;

-- simulation: update, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- simulation: update, 3 of 3
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- simulation: delete, 1 of 4
SELECT 1
WHERE NOT EXISTS (SELECT "run"."id" AS "id"
FROM "run"
WHERE ("run"."owner_id" = (%s) AND "run"."simulation_id" = (%s)));

-- simulation: delete, 2 of 4
DELETE
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."id" = (%s) AND "simulation"."version" = (%s))
RETURNING 1;

-- simulation: delete, 3 of 4
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- simulation: delete, 4 of 4
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- simulation: list by created_at
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY 8 ASC, 1 ASC
LIMIT 21;

-- simulation: list by created_at, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."created_at", "simulation"."id") > (%s, %s))
ORDER BY 8 ASC, 1 ASC
LIMIT 21;

-- simulation: list by -created_at
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY 8 DESC, 1 DESC
LIMIT 21;

-- simulation: list by -created_at, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."created_at", "simulation"."id") < (%s, %s))
ORDER BY 8 DESC, 1 DESC
LIMIT 21;

-- simulation: list by name
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY "simulation"."name_folded" ASC, 1 ASC
LIMIT 21;

-- simulation: list by name, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."name_folded", "simulation"."id") > (%s, %s))
ORDER BY "simulation"."name_folded" ASC, 1 ASC
LIMIT 21;

-- simulation: list by -name
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY "simulation"."name_folded" DESC, 1 DESC
LIMIT 21;

-- simulation: list by -name, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."name_folded", "simulation"."id") < (%s, %s))
ORDER BY "simulation"."name_folded" DESC, 1 DESC
LIMIT 21;

-- simulation: list by start_date
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY 4 ASC, 1 ASC
LIMIT 21;

-- simulation: list by start_date, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."start_date", "simulation"."id") > (%s, %s))
ORDER BY 4 ASC, 1 ASC
LIMIT 21;

-- simulation: list by -start_date
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY 4 DESC, 1 DESC
LIMIT 21;

-- simulation: list by -start_date, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."start_date", "simulation"."id") < (%s, %s))
ORDER BY 4 DESC, 1 DESC
LIMIT 21;

-- simulation: list by end_date
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY 5 ASC, 1 ASC
LIMIT 21;

-- simulation: list by end_date, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."end_date", "simulation"."id") > (%s, %s))
ORDER BY 5 ASC, 1 ASC
LIMIT 21;

-- simulation: list by -end_date
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY 5 DESC, 1 DESC
LIMIT 21;

-- simulation: list by -end_date, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."end_date", "simulation"."id") < (%s, %s))
ORDER BY 5 DESC, 1 DESC
LIMIT 21;

-- simulation: list where name
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND instr("simulation"."name_folded", %s) > 0)
ORDER BY 8 DESC, 1 DESC
LIMIT %s;

-- simulation: list where start_date_from
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."start_date" >= (%s))
ORDER BY 8 DESC, 1 DESC
LIMIT %s;

-- simulation: list where start_date_to
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."start_date" <= (%s))
ORDER BY 8 DESC, 1 DESC
LIMIT %s;

-- simulation: list where end_date_from
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."end_date" >= (%s))
ORDER BY 8 DESC, 1 DESC
LIMIT %s;

-- simulation: list where end_date_to
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."end_date" <= (%s))
ORDER BY 8 DESC, 1 DESC
LIMIT %s;

-- simulation: list where active_on
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."start_date" <= (%s) AND "simulation"."end_date" >= (%s))
ORDER BY 8 DESC, 1 DESC
LIMIT %s;

-- simulation: list where label=project
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND EXISTS (SELECT 1
FROM json_each("simulation"."labels")
WHERE key = %s))
ORDER BY 8 DESC, 1 DESC
LIMIT %s;

-- simulation: list where label=project:wing
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."description" AS "description", "simulation"."labels" AS "labels", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND EXISTS (SELECT 1
FROM json_each("simulation"."labels")
WHERE key = %s AND value = %s))
ORDER BY 8 DESC, 1 DESC
LIMIT %s;

-- webhook: get
SELECT "webhook"."id" AS "id", "webhook"."owner_id" AS "owner_id", "webhook"."url" AS "url", "webhook"."kinds" AS "kinds", "webhook"."description" AS "description", "webhook"."enabled" AS "enabled", "webhook"."disabled_reason" AS "disabled_reason", "webhook"."secret" AS "secret", "webhook"."previous_secret" AS "previous_secret", "webhook"."previous_secret_until" AS "previous_secret_until", "webhook"."created_at" AS "created_at", "webhook"."updated_at" AS "updated_at", "webhook"."version" AS "version"
FROM "webhook"
WHERE ("webhook"."owner_id" = (%s) AND "webhook"."id" = (%s));

-- webhook: create, 1 of 5
SELECT 1
WHERE NOT EXISTS (SELECT "webhook"."id" AS "id"
FROM "webhook"
WHERE "webhook"."owner_id" = (%s)
LIMIT -1 OFFSET 99);

-- webhook: create, 2 of 5
INSERT INTO "webhook" ("id", "owner_id", "created_at", "url", "kinds", "description", "enabled", "disabled_reason", "secret", "previous_secret", "previous_secret_until", "updated_at", "version")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
RETURNING 1;

-- webhook: create, 3 of 5
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- webhook: create, 4 of 5
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- webhook: create, 5 of 5
INSERT INTO "webhook_cursor" ("id", "owner_id", "created_at", "next_attempt_at", "active", "attempts", "number")
VALUES (%s, %s, %s, %s, %s, 0, coalesce((SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s), 0))
ON CONFLICT ("id", "owner_id") DO UPDATE
SET "attempts" = excluded."attempts", "failing_since" = excluded."failing_since", "next_attempt_at" = excluded."next_attempt_at", "active" = excluded."active", "holder" = excluded."holder", "leased_until" = excluded."leased_until"
RETURNING 1;

-- webhook: create_once, 1 of 6
SELECT 1
WHERE NOT EXISTS (SELECT "webhook"."id" AS "id"
FROM "webhook"
WHERE "webhook"."owner_id" = (%s)
LIMIT -1 OFFSET 99);

-- webhook: create_once, 2 of 6
INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < %s
RETURNING 1;

-- webhook: create_once, 3 of 6
INSERT INTO "webhook" ("id", "owner_id", "created_at", "url", "kinds", "description", "enabled", "disabled_reason", "secret", "previous_secret", "previous_secret_until", "updated_at", "version")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
RETURNING 1;

-- webhook: create_once, 4 of 6
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- webhook: create_once, 5 of 6
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- webhook: create_once, 6 of 6
INSERT INTO "webhook_cursor" ("id", "owner_id", "created_at", "next_attempt_at", "active", "attempts", "number")
VALUES (%s, %s, %s, %s, %s, 0, coalesce((SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s), 0))
ON CONFLICT ("id", "owner_id") DO UPDATE
SET "attempts" = excluded."attempts", "failing_since" = excluded."failing_since", "next_attempt_at" = excluded."next_attempt_at", "active" = excluded."active", "holder" = excluded."holder", "leased_until" = excluded."leased_until"
RETURNING 1;

-- webhook: create_many, 1 of 4
INSERT INTO "webhook" ("id", "owner_id", "created_at", "url", "kinds", "description", "enabled", "disabled_reason", "secret", "previous_secret", "previous_secret_until", "updated_at", "version")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

-- webhook: create_many, 2 of 4
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, %s, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last";

-- webhook: create_many, 3 of 4
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s) - %s);

-- webhook: create_many, 4 of 4
INSERT INTO "webhook_cursor" ("id", "owner_id", "created_at", "next_attempt_at", "active", "attempts", "number")
VALUES (%s, %s, %s, %s, %s, 0, coalesce((SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s), 0));

-- webhook: create_many_once, 1 of 5
INSERT INTO "idempotency_record" ("id", "owner_id", "created_at", "operation", "key", "fingerprint", "entity")
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT ("owner_id", "operation", "key") DO UPDATE
SET "id" = excluded."id", "owner_id" = excluded."owner_id", "created_at" = excluded."created_at", "operation" = excluded."operation", "key" = excluded."key", "fingerprint" = excluded."fingerprint", "entity" = excluded."entity"
WHERE "idempotency_record"."created_at" < %s
RETURNING 1;

-- webhook: create_many_once, 2 of 5
INSERT INTO "webhook" ("id", "owner_id", "created_at", "url", "kinds", "description", "enabled", "disabled_reason", "secret", "previous_secret", "previous_secret_until", "updated_at", "version")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s);

-- webhook: create_many_once, 3 of 5
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, %s, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + excluded."last"
RETURNING "last";

-- webhook: create_many_once, 4 of 5
INSERT INTO "revision" ("owner_id", "created_at", "kind", "actor", "request_id", "before", "id", "entity_id", "version", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s) - %s);

-- webhook: create_many_once, 5 of 5
INSERT INTO "webhook_cursor" ("id", "owner_id", "created_at", "next_attempt_at", "active", "attempts", "number")
VALUES (%s, %s, %s, %s, %s, 0, coalesce((SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s), 0));

-- webhook: update, 1 of 4
UPDATE "webhook"
SET "created_at" = %s, "url" = %s, "kinds" = %s, "description" = %s, "enabled" = %s, "disabled_reason" = %s, "secret" = %s, "previous_secret" = %s, "previous_secret_until" = %s, "updated_at" = %s, "version" = %s
WHERE ("webhook"."owner_id" = (%s) AND "webhook"."id" = (%s) AND "webhook"."version" = (%s))
RETURNING 1;

-- webhook: update, 2 of 4
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- webhook: update, 3 of 4
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- webhook: update, 4 of 4
INSERT INTO "webhook_cursor" ("id", "owner_id", "created_at", "next_attempt_at", "active", "attempts", "number")
VALUES (%s, %s, %s, %s, %s, 0, coalesce((SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s), 0))
ON CONFLICT ("id", "owner_id") DO UPDATE
SET "attempts" = excluded."attempts", "failing_since" = excluded."failing_since", "next_attempt_at" = excluded."next_attempt_at", "active" = excluded."active", "holder" = excluded."holder", "leased_until" = excluded."leased_until"
RETURNING 1;

-- webhook: update_untracked, 1 of 2
UPDATE "webhook"
SET "created_at" = %s, "url" = %s, "kinds" = %s, "description" = %s, "enabled" = %s, "disabled_reason" = %s, "secret" = %s, "previous_secret" = %s, "previous_secret_until" = %s, "updated_at" = %s, "version" = %s
WHERE ("webhook"."owner_id" = (%s) AND "webhook"."id" = (%s) AND "webhook"."version" = (%s))
RETURNING 1;

-- webhook: update_untracked, 2 of 2
INSERT INTO "webhook_cursor" ("id", "owner_id", "created_at", "next_attempt_at", "active", "attempts", "number")
VALUES (%s, %s, %s, %s, %s, 0, coalesce((SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s), 0))
ON CONFLICT ("id", "owner_id") DO UPDATE
SET "attempts" = excluded."attempts", "failing_since" = excluded."failing_since", "next_attempt_at" = excluded."next_attempt_at", "active" = excluded."active", "holder" = excluded."holder", "leased_until" = excluded."leased_until"
RETURNING 1;

-- webhook: delete, 1 of 4
DELETE
FROM "webhook"
WHERE ("webhook"."owner_id" = (%s) AND "webhook"."id" = (%s) AND "webhook"."version" = (%s))
RETURNING 1;

-- webhook: delete, 2 of 4
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- webhook: delete, 3 of 4
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- webhook: delete, 4 of 4
DELETE
FROM "webhook_cursor"
WHERE ("webhook_cursor"."id" = (%s) AND "webhook_cursor"."owner_id" = (%s))
RETURNING 1;

-- webhook: list by newest
SELECT "webhook"."id" AS "id", "webhook"."owner_id" AS "owner_id", "webhook"."url" AS "url", "webhook"."kinds" AS "kinds", "webhook"."description" AS "description", "webhook"."enabled" AS "enabled", "webhook"."disabled_reason" AS "disabled_reason", "webhook"."secret" AS "secret", "webhook"."previous_secret" AS "previous_secret", "webhook"."previous_secret_until" AS "previous_secret_until", "webhook"."created_at" AS "created_at", "webhook"."updated_at" AS "updated_at", "webhook"."version" AS "version"
FROM "webhook"
WHERE "webhook"."owner_id" = (%s)
ORDER BY 11 DESC, 1 DESC
LIMIT 21;

-- webhook: list by newest, next page
SELECT "webhook"."id" AS "id", "webhook"."owner_id" AS "owner_id", "webhook"."url" AS "url", "webhook"."kinds" AS "kinds", "webhook"."description" AS "description", "webhook"."enabled" AS "enabled", "webhook"."disabled_reason" AS "disabled_reason", "webhook"."secret" AS "secret", "webhook"."previous_secret" AS "previous_secret", "webhook"."previous_secret_until" AS "previous_secret_until", "webhook"."created_at" AS "created_at", "webhook"."updated_at" AS "updated_at", "webhook"."version" AS "version"
FROM "webhook"
WHERE ("webhook"."owner_id" = (%s) AND ("webhook"."created_at", "webhook"."id") < (%s, %s))
ORDER BY 11 DESC, 1 DESC
LIMIT 21;
