create table orders (id bigint auto_increment primary key, title varchar(200));
