BEGIN TRANSACTION;
CREATE TABLE searchsvc_api_key (
	id TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	roles TEXT NOT NULL, 
	title TEXT NOT NULL, 
	created_ms BIGINT NOT NULL, 
	indexes TEXT NOT NULL, 
	referrers TEXT NOT NULL, 
	origins TEXT NOT NULL, 
	expires_ms BIGINT, 
	revoked_ms BIGINT, 
	rate DOUBLE, 
	rate_per_address DOUBLE, 
	PRIMARY KEY (id), 
	UNIQUE (digest)
);
INSERT INTO "searchsvc_api_key" VALUES('0123456789ab',X'000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F','["events", "search"]','storefront',1000,'["shop*"]','["shop.example"]','["https://shop.example"]',9000,NULL,20.5,0.0);
INSERT INTO "searchsvc_api_key" VALUES('ba9876543210',X'0000000000000000000000000000000000000000000000000000000000000000','["admin"]','',2000,'[]','[]','[]',NULL,3000,NULL,NULL);
CREATE TABLE searchsvc_audit (
	number INTEGER NOT NULL, 
	time_ms BIGINT NOT NULL, 
	action TEXT NOT NULL, 
	receipt TEXT NOT NULL, 
	counts TEXT NOT NULL, 
	actor TEXT DEFAULT '' NOT NULL, 
	target TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "searchsvc_audit" VALUES(1,1795365897815,'export','0448cb5d4ff1941e440c94bdb7814e60','{"events": 0, "memberships": 1}','cli:shop','');
INSERT INTO "searchsvc_audit" VALUES(2,1795365897824,'key.create','9b2c5b8e665eb7da8c7f9d42d8465158','{"roles": "events,search"}','cli:shop','0123456789ab');
INSERT INTO "searchsvc_audit" VALUES(3,1795365897825,'key.create','80ae3839cedc78c1c2f10f310426dd8f','{"roles": "admin"}','cli:shop','ba9876543210');
CREATE TABLE searchsvc_event (
	number INTEGER NOT NULL, 
	user BLOB NOT NULL, 
	id TEXT NOT NULL, 
	index_name TEXT NOT NULL, 
	time_ms BIGINT NOT NULL, 
	kind SMALLINT NOT NULL, 
	source SMALLINT NOT NULL, 
	query_id TEXT, 
	currency TEXT, 
	arm TEXT, 
	"query" TEXT, 
	PRIMARY KEY (number), 
	CONSTRAINT searchsvc_event_identity UNIQUE (user, index_name, id)
);
INSERT INTO "searchsvc_event" VALUES(1,X'0000000000000000000000000000000000000000000000000000000000000001','cart-1','shop',6000,4,1,NULL,NULL,NULL,NULL);
INSERT INTO "searchsvc_event" VALUES(2,X'0000000000000000000000000000000000000000000000000000000000000001','click-1','shop',2000,3,2,'00000000000000000000000000000000',NULL,'strong',NULL);
INSERT INTO "searchsvc_event" VALUES(3,X'0000000000000000000000000000000000000000000000000000000000000001','order-1','shop',3000,5,1,NULL,'EUR',NULL,NULL);
INSERT INTO "searchsvc_event" VALUES(4,X'0000000000000000000000000000000000000000000000000000000000000001','search-1','shop',1000,1,4,'00000000000000000000000000000000',NULL,NULL,'sofa');
INSERT INTO "searchsvc_event" VALUES(5,X'0000000000000000000000000000000000000000000000000000000000000001','view-1','shop',5000,2,1,NULL,NULL,NULL,NULL);
INSERT INTO "searchsvc_event" VALUES(6,X'0000000000000000000000000000000000000000000000000000000000000002','order-1','shop',4000,5,3,NULL,NULL,NULL,NULL);
CREATE TABLE searchsvc_fact (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "searchsvc_fact" VALUES('token_key','f375fa7f92eb5216');
INSERT INTO "searchsvc_fact" VALUES('api_keys','67e19e71a7a377c9 2');
CREATE TABLE searchsvc_item (
	event INTEGER NOT NULL, 
	ordinal INTEGER NOT NULL, 
	product_id TEXT NOT NULL, 
	quantity INTEGER NOT NULL, 
	position INTEGER, 
	price DOUBLE, 
	PRIMARY KEY (event, ordinal), 
	FOREIGN KEY(event) REFERENCES searchsvc_event (number) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "searchsvc_item" VALUES(1,0,'p4',1,NULL,NULL);
INSERT INTO "searchsvc_item" VALUES(2,0,'p1',1,3,NULL);
INSERT INTO "searchsvc_item" VALUES(3,0,'p1',2,NULL,4.5);
INSERT INTO "searchsvc_item" VALUES(3,1,'p2',1,NULL,0.25);
INSERT INTO "searchsvc_item" VALUES(5,0,'p4',1,NULL,NULL);
INSERT INTO "searchsvc_item" VALUES(6,0,'p3',1,NULL,NULL);
CREATE TABLE searchsvc_member (
	index_name TEXT NOT NULL, 
	segment TEXT NOT NULL, 
	user BLOB NOT NULL, 
	PRIMARY KEY (index_name, segment, user)
)
 WITHOUT ROWID

;
INSERT INTO "searchsvc_member" VALUES('shop','vip',X'EE67AFB903936D21F009D3E79C67368C4215B1411141EBDFA12243276AB256EF');
CREATE TABLE searchsvc_schema (
	version INTEGER NOT NULL, 
	applied_ms BIGINT NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "searchsvc_schema" VALUES(2,1795365897800);
CREATE INDEX searchsvc_event_of_user ON searchsvc_event (user, index_name, time_ms, kind);
CREATE INDEX searchsvc_event_by_time ON searchsvc_event (time_ms);
CREATE INDEX searchsvc_member_of_user ON searchsvc_member (user);
COMMIT;
