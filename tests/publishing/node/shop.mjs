// What stands around the page's example in an Express application: the app, and orders that are saved.
import express from "express";

export const app = express().use(express.json());
export const orders = [];

export async function saveOrder({ title }) {
  const order = { id: orders.length + 1, title };
  orders.push(order);
  return order;
}
