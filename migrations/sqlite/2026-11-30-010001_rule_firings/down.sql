DROP TABLE high_marks;
DROP TABLE canary_touches;
DROP TABLE rule_firings;
