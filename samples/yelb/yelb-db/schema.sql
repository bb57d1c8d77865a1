CREATE TABLE restaurants (
    name  text PRIMARY KEY,
    count integer NOT NULL DEFAULT 0
);

ALTER TABLE restaurants OWNER TO yelb;

INSERT INTO restaurants (name) VALUES ('outback'), ('bucadibeppo'), ('ihop'), ('chipotle');

