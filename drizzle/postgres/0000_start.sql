CREATE TABLE "audit" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"at" bigint NOT NULL,
	"actor" text COLLATE "C" NOT NULL,
	"action" text COLLATE "C" NOT NULL,
	"target" text COLLATE "C" NOT NULL,
	"details" text COLLATE "C" NOT NULL,
	"previous_hash" "bytea" NOT NULL,
	"hash" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "bans" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"kind" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C",
	"range" text COLLATE "C",
	"reason" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	"until" bigint,
	"lifted_at" bigint
);
--> statement-breakpoint
CREATE TABLE "codes" (
	"purpose" text COLLATE "C" NOT NULL,
	"subject" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C",
	"code_hash" "bytea" NOT NULL,
	"email" text COLLATE "C",
	"expires_at" bigint NOT NULL,
	"attempts_left" bigint NOT NULL,
	"confirmed_at" bigint,
	CONSTRAINT "codes_purpose_subject_pk" PRIMARY KEY("purpose","subject")
);
--> statement-breakpoint
CREATE TABLE "data_keys" (
	"version" bigint PRIMARY KEY NOT NULL,
	"sealed_key" "bytea",
	"created_at" bigint NOT NULL,
	"retired_at" bigint
);
--> statement-breakpoint
CREATE TABLE "facts" (
	"name" text COLLATE "C" PRIMARY KEY NOT NULL,
	"value" "bytea" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "guesses" (
	"subject" text COLLATE "C" PRIMARY KEY NOT NULL,
	"failures" bigint NOT NULL,
	"counted_since" bigint NOT NULL,
	"blocked_until" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotency" (
	"scope" text COLLATE "C" NOT NULL,
	"idem" text COLLATE "C" NOT NULL,
	"content_hash" "bytea" NOT NULL,
	"sealed_answer" "bytea" NOT NULL,
	"created_at" bigint NOT NULL,
	CONSTRAINT "idempotency_scope_idem_pk" PRIMARY KEY("scope","idem")
);
--> statement-breakpoint
CREATE TABLE "links" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"purpose" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C",
	"email" text COLLATE "C",
	"expires_at" bigint NOT NULL,
	"ended_at" bigint,
	"kept_until" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mails" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"kind" text COLLATE "C" NOT NULL,
	"recipient_hash" "bytea" NOT NULL,
	"sealed_content" "bytea" NOT NULL,
	"created_at" bigint NOT NULL,
	"next_attempt_at" bigint NOT NULL,
	"attempts" bigint NOT NULL,
	"settled_at" bigint
);
--> statement-breakpoint
CREATE TABLE "memberships" (
	"room_id" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"state" text COLLATE "C" NOT NULL,
	"role" text COLLATE "C" NOT NULL,
	"visible_after" bigint NOT NULL,
	"read_seq" bigint NOT NULL,
	"since" bigint NOT NULL,
	"reason" text COLLATE "C",
	"until" bigint,
	CONSTRAINT "memberships_room_id_user_id_pk" PRIMARY KEY("room_id","user_id")
);
--> statement-breakpoint
CREATE TABLE "messages" (
	"room_id" text COLLATE "C" NOT NULL,
	"seq" bigint NOT NULL,
	"sender_id" text COLLATE "C" NOT NULL,
	"sealed_body" "bytea",
	"key_version" bigint,
	"sent_at" bigint NOT NULL,
	"edited_at" bigint,
	"deleted_at" bigint,
	"revision" bigint NOT NULL,
	CONSTRAINT "messages_room_id_seq_pk" PRIMARY KEY("room_id","seq")
);
--> statement-breakpoint
CREATE TABLE "rooms" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"name" text COLLATE "C",
	"name_key" text COLLATE "C",
	"kind" text COLLATE "C" NOT NULL,
	"pair_key" text COLLATE "C",
	"open_history" boolean NOT NULL,
	"joined_by_all" boolean NOT NULL,
	"last_seq" bigint NOT NULL,
	"last_revision" bigint NOT NULL,
	"members" bigint NOT NULL,
	"members_version" bigint NOT NULL,
	"created_at" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "seen_addresses" (
	"user_id" text COLLATE "C" NOT NULL,
	"address" text COLLATE "C" NOT NULL,
	"address_key" "bytea" NOT NULL,
	"seen_at" bigint NOT NULL,
	CONSTRAINT "seen_addresses_user_id_address_key_pk" PRIMARY KEY("user_id","address_key")
);
--> statement-breakpoint
CREATE TABLE "session_keys" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"session_id" text COLLATE "C" NOT NULL,
	"enc" text COLLATE "C" NOT NULL,
	"sealed_key" "bytea" NOT NULL,
	"created_at" bigint NOT NULL,
	"retires_at" bigint,
	"window_reserved" bigint NOT NULL,
	"seals_reserved" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"created_at" bigint NOT NULL,
	"last_used_at" bigint NOT NULL,
	"ends_at" bigint NOT NULL,
	"address" text COLLATE "C" NOT NULL,
	"client" text COLLATE "C" NOT NULL
);
--> statement-breakpoint
CREATE TABLE "user_keys" (
	"user_id" text COLLATE "C" NOT NULL,
	"kid" text COLLATE "C" NOT NULL,
	"modulus" text COLLATE "C" NOT NULL,
	"sealed_private_key" "bytea",
	"version" bigint NOT NULL,
	"created_at" bigint NOT NULL,
	CONSTRAINT "user_keys_user_id_kid_pk" PRIMARY KEY("user_id","kid")
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" text COLLATE "C" PRIMARY KEY NOT NULL,
	"username" text COLLATE "C",
	"username_key" text COLLATE "C",
	"email" text COLLATE "C",
	"email_key" text COLLATE "C",
	"role" text COLLATE "C" NOT NULL,
	"password_salt" "bytea" NOT NULL,
	"password_verifier" text COLLATE "C",
	"created_at" bigint NOT NULL,
	"deleted_at" bigint,
	"directory_uid" text COLLATE "C"
);
--> statement-breakpoint
ALTER TABLE "bans" ADD CONSTRAINT "bans_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_room_id_rooms_id_fk" FOREIGN KEY ("room_id") REFERENCES "public"."rooms"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_room_id_rooms_id_fk" FOREIGN KEY ("room_id") REFERENCES "public"."rooms"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_sender_id_users_id_fk" FOREIGN KEY ("sender_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "seen_addresses" ADD CONSTRAINT "seen_addresses_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session_keys" ADD CONSTRAINT "session_keys_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_keys" ADD CONSTRAINT "user_keys_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "bans_lifted" ON "bans" USING btree ("lifted_at","until");--> statement-breakpoint
CREATE INDEX "codes_user" ON "codes" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "codes_expires" ON "codes" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "guesses_counted_since" ON "guesses" USING btree ("counted_since");--> statement-breakpoint
CREATE INDEX "idempotency_created" ON "idempotency" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "links_user" ON "links" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "links_kept_until" ON "links" USING btree ("kept_until");--> statement-breakpoint
CREATE INDEX "mails_recipient" ON "mails" USING btree ("recipient_hash","kind","created_at");--> statement-breakpoint
CREATE INDEX "mails_due" ON "mails" USING btree ("settled_at","next_attempt_at");--> statement-breakpoint
CREATE INDEX "memberships_user" ON "memberships" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "memberships_since" ON "memberships" USING btree ("since");--> statement-breakpoint
CREATE INDEX "memberships_role" ON "memberships" USING btree ("room_id","role","since");--> statement-breakpoint
CREATE INDEX "messages_sender" ON "messages" USING btree ("sender_id","room_id","seq");--> statement-breakpoint
CREATE INDEX "messages_key_version" ON "messages" USING btree ("key_version");--> statement-breakpoint
CREATE INDEX "messages_sent" ON "messages" USING btree ("sent_at");--> statement-breakpoint
CREATE INDEX "messages_revision" ON "messages" USING btree ("room_id","revision") WHERE "messages"."revision" > 0;--> statement-breakpoint
CREATE UNIQUE INDEX "rooms_name_key" ON "rooms" USING btree ("name_key");--> statement-breakpoint
CREATE UNIQUE INDEX "rooms_pair_key" ON "rooms" USING btree ("pair_key");--> statement-breakpoint
CREATE INDEX "rooms_kind" ON "rooms" USING btree ("kind");--> statement-breakpoint
CREATE INDEX "seen_addresses_key" ON "seen_addresses" USING btree ("address_key","seen_at");--> statement-breakpoint
CREATE INDEX "seen_addresses_seen" ON "seen_addresses" USING btree ("seen_at");--> statement-breakpoint
CREATE INDEX "session_keys_session" ON "session_keys" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "session_keys_retires" ON "session_keys" USING btree ("retires_at");--> statement-breakpoint
CREATE INDEX "sessions_user" ON "sessions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "sessions_last_used" ON "sessions" USING btree ("last_used_at");--> statement-breakpoint
CREATE INDEX "sessions_ends" ON "sessions" USING btree ("ends_at");--> statement-breakpoint
CREATE UNIQUE INDEX "user_keys_version" ON "user_keys" USING btree ("user_id","version");--> statement-breakpoint
CREATE UNIQUE INDEX "users_username_key" ON "users" USING btree ("username_key");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_key" ON "users" USING btree ("email_key");--> statement-breakpoint
CREATE UNIQUE INDEX "users_directory_uid" ON "users" USING btree ("directory_uid");