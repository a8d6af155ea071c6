DROP TABLE former_browser_values;
