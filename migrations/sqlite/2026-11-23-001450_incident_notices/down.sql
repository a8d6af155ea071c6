DROP TABLE incident_notices;
