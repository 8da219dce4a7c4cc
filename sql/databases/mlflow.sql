-- PostgreSQL's container runs this once, on an empty volume. Tables are made by migrations, never here.
CREATE DATABASE mlflow;
