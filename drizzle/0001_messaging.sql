CREATE TABLE `audit` (
	`seq` integer PRIMARY KEY NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`target` text NOT NULL,
	`details` text NOT NULL,
	`previous_hash` blob NOT NULL,
	`hash` blob NOT NULL
);
--> statement-breakpoint
CREATE TABLE `bans` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`user_id` text,
	`range` text,
	`reason` text NOT NULL,
	`created_at` integer NOT NULL,
	`until` integer,
	`lifted_at` integer,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `bans_lifted` ON `bans` (`lifted_at`,`until`);--> statement-breakpoint
CREATE TABLE `data_keys` (
	`version` integer PRIMARY KEY NOT NULL,
	`sealed_key` blob,
	`created_at` integer NOT NULL,
	`retired_at` integer
);
--> statement-breakpoint
CREATE TABLE `links` (
	`token_hash` blob PRIMARY KEY NOT NULL,
	`purpose` text NOT NULL,
	`user_id` text,
	`email` text,
	`expires_at` integer NOT NULL,
	`ended_at` integer,
	`kept_until` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `links_user` ON `links` (`user_id`);--> statement-breakpoint
CREATE INDEX `links_kept_until` ON `links` (`kept_until`);--> statement-breakpoint
CREATE TABLE `memberships` (
	`room_id` text NOT NULL,
	`user_id` text NOT NULL,
	`state` text NOT NULL,
	`role` text NOT NULL,
	`visible_after` integer NOT NULL,
	`read_seq` integer NOT NULL,
	`since` integer NOT NULL,
	`reason` text,
	`until` integer,
	PRIMARY KEY(`room_id`, `user_id`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE cascade,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `memberships_user` ON `memberships` (`user_id`);--> statement-breakpoint
CREATE INDEX `memberships_role` ON `memberships` (`room_id`,`role`,`since`);--> statement-breakpoint
CREATE TABLE `messages` (
	`room_id` text NOT NULL,
	`seq` integer NOT NULL,
	`sender_id` text NOT NULL,
	`sealed_body` blob,
	`key_version` integer,
	`sent_at` integer NOT NULL,
	`edited_at` integer,
	`deleted_at` integer,
	`revision` integer NOT NULL,
	PRIMARY KEY(`room_id`, `seq`),
	FOREIGN KEY (`room_id`) REFERENCES `rooms`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`sender_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`key_version`) REFERENCES `data_keys`(`version`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `messages_sender` ON `messages` (`sender_id`,`room_id`,`seq`);--> statement-breakpoint
CREATE INDEX `messages_key_version` ON `messages` (`key_version`);--> statement-breakpoint
CREATE INDEX `messages_sent` ON `messages` (`sent_at`);--> statement-breakpoint
CREATE INDEX `messages_revision` ON `messages` (`room_id`,`revision`) WHERE "messages"."revision" > 0;--> statement-breakpoint
CREATE TABLE `rooms` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text,
	`name_key` text,
	`kind` text NOT NULL,
	`pair_key` text,
	`open_history` integer NOT NULL,
	`joined_by_all` integer NOT NULL,
	`last_seq` integer NOT NULL,
	`last_revision` integer NOT NULL,
	`members` integer NOT NULL,
	`members_version` integer NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `rooms_name_key` ON `rooms` (`name_key`);--> statement-breakpoint
CREATE UNIQUE INDEX `rooms_pair_key` ON `rooms` (`pair_key`);--> statement-breakpoint
CREATE INDEX `rooms_kind` ON `rooms` (`kind`);--> statement-breakpoint
CREATE TABLE `seen_addresses` (
	`user_id` text NOT NULL,
	`address` text NOT NULL,
	`address_key` blob NOT NULL,
	`seen_at` integer NOT NULL,
	PRIMARY KEY(`user_id`, `address_key`),
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `seen_addresses_key` ON `seen_addresses` (`address_key`,`seen_at`);--> statement-breakpoint
CREATE INDEX `seen_addresses_seen` ON `seen_addresses` (`seen_at`);--> statement-breakpoint
ALTER TABLE `users` ADD `directory_uid` text;--> statement-breakpoint
CREATE UNIQUE INDEX `users_directory_uid` ON `users` (`directory_uid`);