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

-- simulation: get
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."id" = (%s));

-- simulation: create, 1 of 3
INSERT INTO "simulation" ("id", "owner_id", "created_at", "name", "name_folded", "start_date", "end_date", "updated_at", "version")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
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
INSERT INTO "simulation" ("id", "owner_id", "created_at", "name", "name_folded", "start_date", "end_date", "updated_at", "version")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
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

-- simulation: update, 1 of 3
UPDATE "simulation"
SET "created_at" = %s, "name" = %s, "name_folded" = %s, "start_date" = %s, "end_date" = %s, "updated_at" = %s, "version" = %s
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

-- simulation: delete, 1 of 3
DELETE
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."id" = (%s) AND "simulation"."version" = (%s))
RETURNING 1;

-- simulation: delete, 2 of 3
INSERT INTO "change_count" ("owner_id", "last", "purged_through")
VALUES (%s, 1, 0)
ON CONFLICT ("owner_id") DO UPDATE
SET "last" = "change_count"."last" + 1
RETURNING "last";

-- simulation: delete, 3 of 3
INSERT INTO "revision" ("id", "owner_id", "created_at", "kind", "entity_id", "version", "actor", "request_id", "before", "after", "number")
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, (SELECT "last"
FROM "change_count"
WHERE "owner_id" = %s))
RETURNING 1;

-- simulation: list by created_at
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY 6 ASC, 1 ASC
LIMIT 21;

-- simulation: list by created_at, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."created_at", "simulation"."id") > (%s, %s))
ORDER BY 6 ASC, 1 ASC
LIMIT 21;

-- simulation: list by -created_at
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY 6 DESC, 1 DESC
LIMIT 21;

-- simulation: list by -created_at, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."created_at", "simulation"."id") < (%s, %s))
ORDER BY 6 DESC, 1 DESC
LIMIT 21;

-- simulation: list by name
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY "simulation"."name_folded" ASC, 1 ASC
LIMIT 21;

-- simulation: list by name, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."name_folded", "simulation"."id") > (%s, %s))
ORDER BY "simulation"."name_folded" ASC, 1 ASC
LIMIT 21;

-- simulation: list by -name
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY "simulation"."name_folded" DESC, 1 DESC
LIMIT 21;

-- simulation: list by -name, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."name_folded", "simulation"."id") < (%s, %s))
ORDER BY "simulation"."name_folded" DESC, 1 DESC
LIMIT 21;

-- simulation: list by start_date
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY 4 ASC, 1 ASC
LIMIT 21;

-- simulation: list by start_date, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."start_date", "simulation"."id") > (%s, %s))
ORDER BY 4 ASC, 1 ASC
LIMIT 21;

-- simulation: list by -start_date
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY 4 DESC, 1 DESC
LIMIT 21;

-- simulation: list by -start_date, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."start_date", "simulation"."id") < (%s, %s))
ORDER BY 4 DESC, 1 DESC
LIMIT 21;

-- simulation: list by end_date
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY 5 ASC, 1 ASC
LIMIT 21;

-- simulation: list by end_date, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."end_date", "simulation"."id") > (%s, %s))
ORDER BY 5 ASC, 1 ASC
LIMIT 21;

-- simulation: list by -end_date
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE "simulation"."owner_id" = (%s)
ORDER BY 5 DESC, 1 DESC
LIMIT 21;

-- simulation: list by -end_date, next page
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND ("simulation"."end_date", "simulation"."id") < (%s, %s))
ORDER BY 5 DESC, 1 DESC
LIMIT 21;

-- simulation: list where name
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND instr("simulation"."name_folded", %s) > 0)
ORDER BY 6 DESC, 1 DESC
LIMIT %s;

-- simulation: list where start_date_from
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."start_date" >= (%s))
ORDER BY 6 DESC, 1 DESC
LIMIT %s;

-- simulation: list where start_date_to
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."start_date" <= (%s))
ORDER BY 6 DESC, 1 DESC
LIMIT %s;

-- simulation: list where end_date_from
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."end_date" >= (%s))
ORDER BY 6 DESC, 1 DESC
LIMIT %s;

-- simulation: list where end_date_to
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."end_date" <= (%s))
ORDER BY 6 DESC, 1 DESC
LIMIT %s;

-- simulation: list where active_on
SELECT "simulation"."id" AS "id", "simulation"."owner_id" AS "owner_id", "simulation"."name" AS "name", "simulation"."start_date" AS "start_date", "simulation"."end_date" AS "end_date", "simulation"."created_at" AS "created_at", "simulation"."updated_at" AS "updated_at", "simulation"."version" AS "version"
FROM "simulation"
WHERE ("simulation"."owner_id" = (%s) AND "simulation"."start_date" <= (%s) AND "simulation"."end_date" >= (%s))
ORDER BY 6 DESC, 1 DESC
LIMIT %s;

-- storage: applied
SELECT "django_migrations"."app" AS "app", "django_migrations"."name" AS "name"
FROM "django_migrations";
