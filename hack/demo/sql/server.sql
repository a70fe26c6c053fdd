-- The platform's own roles and its database. The password of app comes in as a variable.
CREATE ROLE app_owner NOLOGIN;
CREATE ROLE app LOGIN PASSWORD :'app_password';
CREATE ROLE dump LOGIN BYPASSRLS;
CREATE DATABASE product;
