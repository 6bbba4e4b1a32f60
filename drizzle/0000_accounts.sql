CREATE TABLE `codes` (
	`purpose` text NOT NULL,
	`subject` text NOT NULL,
	`user_id` text,
	`code_hash` blob NOT NULL,
	`email` text,
	`expires_at` integer NOT NULL,
	`attempts_left` integer NOT NULL,
	`confirmed_at` integer,
	PRIMARY KEY(`purpose`, `subject`)
);
--> statement-breakpoint
CREATE INDEX `codes_user` ON `codes` (`user_id`);--> statement-breakpoint
CREATE INDEX `codes_expires` ON `codes` (`expires_at`);--> statement-breakpoint
CREATE TABLE `facts` (
	`name` text PRIMARY KEY NOT NULL,
	`value` blob NOT NULL
);
--> statement-breakpoint
CREATE TABLE `guesses` (
	`subject` text PRIMARY KEY NOT NULL,
	`failures` integer NOT NULL,
	`counted_since` integer NOT NULL,
	`blocked_until` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `guesses_counted_since` ON `guesses` (`counted_since`);--> statement-breakpoint
CREATE TABLE `idempotency` (
	`scope` text NOT NULL,
	`idem` text NOT NULL,
	`content_hash` blob NOT NULL,
	`sealed_answer` blob NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`scope`, `idem`)
);
--> statement-breakpoint
CREATE INDEX `idempotency_created` ON `idempotency` (`created_at`);--> statement-breakpoint
CREATE TABLE `mails` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`recipient_hash` blob NOT NULL,
	`sealed_content` blob NOT NULL,
	`created_at` integer NOT NULL,
	`next_attempt_at` integer NOT NULL,
	`attempts` integer NOT NULL,
	`settled_at` integer
);
--> statement-breakpoint
CREATE INDEX `mails_recipient` ON `mails` (`recipient_hash`,`kind`,`created_at`);--> statement-breakpoint
CREATE INDEX `mails_due` ON `mails` (`settled_at`,`next_attempt_at`);--> statement-breakpoint
CREATE TABLE `session_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`session_id` text NOT NULL,
	`enc` text NOT NULL,
	`sealed_key` blob NOT NULL,
	`created_at` integer NOT NULL,
	`retires_at` integer,
	`window_reserved` integer NOT NULL,
	`seals_reserved` integer NOT NULL,
	FOREIGN KEY (`session_id`) REFERENCES `sessions`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE INDEX `session_keys_session` ON `session_keys` (`session_id`);--> statement-breakpoint
CREATE INDEX `session_keys_retires` ON `session_keys` (`retires_at`);--> statement-breakpoint
CREATE TABLE `sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer NOT NULL,
	`ends_at` integer NOT NULL,
	`address` text NOT NULL,
	`client` text NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `sessions_user` ON `sessions` (`user_id`);--> statement-breakpoint
CREATE INDEX `sessions_last_used` ON `sessions` (`last_used_at`);--> statement-breakpoint
CREATE INDEX `sessions_ends` ON `sessions` (`ends_at`);--> statement-breakpoint
CREATE TABLE `user_keys` (
	`user_id` text NOT NULL,
	`kid` text NOT NULL,
	`modulus` text NOT NULL,
	`sealed_private_key` blob,
	`version` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `kid`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `user_keys_version` ON `user_keys` (`user_id`,`version`);--> statement-breakpoint
CREATE TABLE `users` (
	`id` text PRIMARY KEY NOT NULL,
	`username` text,
	`username_key` text,
	`email` text,
	`email_key` text,
	`role` text NOT NULL,
	`password_salt` blob NOT NULL,
	`password_verifier` text,
	`created_at` integer NOT NULL,
	`deleted_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `users_username_key` ON `users` (`username_key`);--> statement-breakpoint
CREATE UNIQUE INDEX `users_email_key` ON `users` (`email_key`);