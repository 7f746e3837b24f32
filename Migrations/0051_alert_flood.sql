-- Rules, too, tell so much of a minute one by one and the rest in a digest: the count of a route or a rule.
alter table alert_route_flood rename to alert_flood;
alter table alert_flood rename column route to source;
alter table alert_flood rename column alerts to told;
alter table alert_flood rename constraint alert_route_flood_pkey to alert_flood_pkey;
