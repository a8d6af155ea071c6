DROP TABLE not_me_links;
